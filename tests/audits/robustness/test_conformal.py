import math

import numpy as np
import pytest
from assay.audits.robustness import conformal
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

ODDNESS = st.lists(st.floats(0, 1), min_size=1, max_size=80)


@given(ODDNESS, st.floats(0.01, 0.5))
def test_the_threshold_is_the_order_statistic_of_the_definition(oddness, alpha):
    rank = math.ceil((1 - alpha) * (len(oddness) + 1) - 1e-9)
    expected = sorted(oddness)[rank - 1] if rank <= len(oddness) else math.inf
    assert conformal.threshold(np.array(oddness), alpha) == expected


@given(ODDNESS, st.floats(0.01, 0.5))
def test_equal_weights_change_nothing(oddness, alpha):
    weight = np.full(len(oddness), 7.0)
    assert conformal.threshold(np.array(oddness), alpha, weight) == conformal.threshold(
        np.array(oddness), alpha
    )


def test_too_few_rows_promise_nothing_less_than_everything():
    assert conformal.threshold(np.array([0.1] * 8), 0.1) == math.inf
    assert conformal.threshold(np.array([0.1] * 9), 0.1) == 0.1
    assert conformal.threshold(np.array([]), 0.1) == math.inf


def test_coverage_of_exchangeable_rows_has_the_beta_distribution():
    """2,000 calibrations of 99 rows: mean and spread of the true coverage against the closed form."""
    rng = np.random.default_rng(0)
    # Oddness is uniform, so that the coverage of a threshold is the threshold itself.
    coverage = np.array([conformal.threshold(rng.random(99), 0.1) for _ in range(2000)])
    law = beta(90, 10)
    assert coverage.mean() == pytest.approx(0.9, abs=4 * law.std() / math.sqrt(2000))
    low, high = conformal.coverage_range(99, 0.1)
    assert (low, high) == pytest.approx(tuple(law.interval(0.95)))
    assert np.mean((coverage >= low) & (coverage <= high)) == pytest.approx(0.95, abs=0.02)


def test_without_rows_to_spare_coverage_is_whole():
    assert conformal.coverage_range(5, 0.1) == (1.0, 1.0)


def softmax(rng, rows, classes):
    odds = np.exp(rng.normal(size=(rows, classes)))
    return odds / odds.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("penalty", "free"), [(0.0, 0), (0.1, 2)])
def test_adaptive_oddness_is_that_of_the_paper(penalty, free):
    rng = np.random.default_rng(0)
    scores, draws = softmax(rng, 40, 5), rng.random(40)
    found = conformal.adaptive(scores, draws, penalty=penalty, free=free)
    for i, row in enumerate(scores):
        for label, score in enumerate(row):
            likelier = row[row > score]
            rank = len(likelier) + 1
            expected = likelier.sum() + draws[i] * score + penalty * max(0, rank - free)
            assert found[i, label] == pytest.approx(expected, abs=1e-8)


def test_least_ambiguous_oddness_is_one_minus_the_score():
    scores = softmax(np.random.default_rng(0), 10, 3)
    np.testing.assert_allclose(conformal.least_ambiguous(scores), 1 - scores, atol=1e-9)


@pytest.mark.parametrize("method", ["least_ambiguous", "adaptive"])
@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_sets_cover_at_least_as_promised_on_average(method, alpha):
    rng, covered = np.random.default_rng(0), []
    for _ in range(200):
        scores = softmax(rng, 300, 4)
        y = np.array([rng.choice(4, p=row) for row in scores])
        draws = rng.random(300)
        odd = conformal.adaptive(scores, draws) if method == "adaptive" else conformal.least_ambiguous(scores)
        of_truth = odd[np.arange(300), y]
        covered.append(np.mean(of_truth[100:] <= conformal.threshold(of_truth[:100], alpha)))
    assert np.mean(covered) >= 1 - alpha - 0.006


def test_the_local_error_is_the_mean_over_neighbours_by_rank():
    rng = np.random.default_rng(0)
    known, error = rng.normal(size=30), rng.random(30)
    asked = np.array([-9.0, 0.0, 9.0])
    found = conformal.local_error(known, error, asked, 10)
    ranked = error[np.argsort(known)]
    at = np.searchsorted(np.sort(known), 0.0)
    expected = [ranked[:10].mean(), ranked[at - 5 : at + 5].mean(), ranked[-10:].mean()]
    np.testing.assert_allclose(found, expected)


def test_no_local_error_is_zero():
    assert (conformal.local_error(np.arange(5.0), np.zeros(5), np.arange(5.0), 3) > 0).all()
