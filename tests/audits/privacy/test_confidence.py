"""Scores of single rows, against probabilities computed the long way."""

import numpy as np
import pytest
from assay.audits.privacy.confidence import logit_confidence, loss_threshold, minus_log_loss
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import softmax

LOGITS = arrays(float, (5, 3), elements=st.floats(-8, 8))
Y = np.array([0, 1, 2, 1, 0])


@settings(deadline=None)
@given(LOGITS)
def test_scores_are_log_p_and_log_odds_of_the_true_class(logits):
    p = softmax(logits, axis=1)[np.arange(5), Y]
    np.testing.assert_allclose(minus_log_loss(logits, Y), np.log(p), atol=1e-9)
    np.testing.assert_allclose(logit_confidence(logits, Y), np.log(p) - np.log1p(-p), rtol=1e-6, atol=1e-9)


def test_a_row_known_by_heart_has_finite_confidence():
    assert logit_confidence(np.array([[500.0, -500.0]]), np.array([0])) == pytest.approx(1000.0)


def test_a_stack_of_models_gives_a_stack_of_scores():
    logits = np.random.default_rng(0).standard_normal((4, 5, 3))
    stacked = logit_confidence(logits, Y)
    assert stacked.shape == (4, 5)
    np.testing.assert_allclose(stacked[2], logit_confidence(logits[2], Y))


def test_a_regression_s_score_is_minus_its_squared_error():
    np.testing.assert_allclose(loss_threshold(np.array([1.0, 3.0]), np.array([2.0, 3.0])), [-1.0, 0.0])
