"""Mislabelled rows: what is promised of them, and that a model which learns them by heart is found out."""

import numpy as np
import pytest
from assay.audits.privacy.canaries import coins, mislabelled, mislabelled_scores
from assay.audits.privacy.one_run import measure
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.neighbors import KNeighborsClassifier


@settings(deadline=None)
@given(st.integers(2, 6), st.integers(1, 40), st.integers(0, 2**32))
def test_every_label_is_wrong_and_every_row_is_chosen_once(classes, count, seed):
    rng = np.random.default_rng(seed)
    y_true = rng.integers(0, classes, 40)
    canaries = mislabelled(y_true, classes, count, rng=rng)
    assert len(set(canaries.rows.tolist())) == count
    assert np.all(canaries.labels != y_true[canaries.rows])
    assert np.all((canaries.labels >= 0) & (canaries.labels < classes))


def test_coins_are_fair_and_their_number_of_heads_is_not_fixed():
    rng = np.random.default_rng(0)
    heads = np.array([coins(100, rng).sum() for _ in range(2000)])
    assert binomtest(int(heads.sum()), 200_000).pvalue > 0.001
    assert heads.var() == pytest.approx(25, rel=0.15)


@pytest.mark.parametrize(("neighbours", "shown"), [(1, True), (25, False)])
def test_a_model_that_learns_by_heart_shows_an_epsilon_and_one_that_averages_does_not(neighbours, shown):
    rng = np.random.default_rng(1)
    inputs = rng.standard_normal((3000, 5))
    y_true = (inputs[:, 0] > 0).astype(int)
    canaries = mislabelled(y_true[:300], 2, 300, rng=rng)
    kept = canaries.rows[canaries.included]
    model = KNeighborsClassifier(neighbours).fit(
        np.concatenate([inputs[300:], inputs[kept]]),
        np.concatenate([y_true[300:], canaries.labels[canaries.included]]),
    )
    scores = mislabelled_scores(model.predict_proba(inputs[canaries.rows]), canaries)
    found = measure(scores, canaries.included, delta=1e-5).values["epsilon_lower"]
    assert (found["value"] > 2) == shown
    assert found["detectable"] > 3


def test_scores_are_the_log_of_the_wrong_label_s_probability():
    canaries = mislabelled(np.array([0, 1]), 2, 2, rng=np.random.default_rng(2))
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1]])
    expected = np.log(probabilities[[0, 1], canaries.labels])
    np.testing.assert_allclose(mislabelled_scores(probabilities, canaries), expected)
