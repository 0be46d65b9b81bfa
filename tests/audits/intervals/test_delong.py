import numpy as np
import pytest
from assay.audits.intervals import area_limits, roc_area
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm
from sklearn.metrics import roc_auc_score


@given(arrays(int, st.integers(2, 40), elements=st.integers(0, 5)), st.data())
def test_area_equals_scikit_learns_with_ties_and_weights(scores, data):
    positive = data.draw(arrays(bool, len(scores)).filter(lambda y: y.any() and not y.all()))
    weight = data.draw(arrays(float, len(scores), elements=st.floats(0.1, 5)))
    assert roc_area(scores, positive)[0] == pytest.approx(roc_auc_score(positive, scores))
    assert roc_area(scores, positive, weight)[0] == pytest.approx(
        roc_auc_score(positive, scores, sample_weight=weight)
    )


def test_variance_equals_the_brute_force_u_statistic():
    rng = np.random.default_rng(0)
    positive = rng.random(60) < 0.4
    scores = np.round(rng.normal(size=60) + positive, 1)
    wins = (scores[positive][:, None] > scores[~positive]) + 0.5 * (
        scores[positive][:, None] == scores[~positive]
    )
    expected = (
        wins.mean(axis=1).var(ddof=1) / positive.sum() + wins.mean(axis=0).var(ddof=1) / (~positive).sum()
    )
    assert np.sum(roc_area(scores, positive)[1] ** 2) == pytest.approx(expected)


def test_variance_equals_the_bootstraps():
    rng = np.random.default_rng(1)
    positive = np.arange(600) < 200
    scores = rng.normal(size=600) + positive
    _, influence = roc_area(scores, positive)
    drawn = [
        roc_area(scores[rows], positive)[0]
        for rows in (
            np.concatenate([rng.integers(0, 200, 200), rng.integers(200, 600, 400)]) for _ in range(1500)
        )
    ]
    assert np.sqrt(np.sum(influence**2)) == pytest.approx(np.std(drawn), rel=0.08)


def test_a_small_group_ranked_perfectly_keeps_an_honest_lower_limit():
    perfect = area_limits(np.array([1.0]), np.array([0.0]), np.array([5]), np.array([15]))
    lower, upper = perfect.limits(norm.ppf(0.975))
    assert upper[0] == 1
    assert lower[0] < 0.8


@pytest.mark.parametrize(("positives", "negatives", "shift"), [(5, 15, 0.0), (5, 15, 2.5), (20, 200, 1.5)])
def test_areas_are_covered_in_simulation(positives, negatives, shift):
    rng = np.random.default_rng(2)
    positive = np.arange(positives + negatives) < positives
    drawn = [roc_area(rng.normal(size=len(positive)) + shift * positive, positive) for _ in range(800)]
    area, variance = np.array([a for a, _ in drawn]), np.array([np.sum(i**2) for _, i in drawn])
    low, high = area_limits(area, variance, np.full(800, positives), np.full(800, negatives)).limits(
        norm.ppf(0.975)
    )
    truth = norm.cdf(shift / np.sqrt(2))
    assert np.mean((low <= truth) & (truth <= high)) >= 0.94
