import numpy as np
import pytest
from assay.audits.intervals import Proportions, effective_trials
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, norm


@pytest.mark.parametrize(("hits", "trials"), [(0, 1), (1, 1), (0, 20), (3, 20), (20, 20), (517, 4000)])
def test_limits_equal_scipys_exact_interval(hits, trials):
    found = Proportions(value=np.array([hits / trials]), trials=np.array([float(trials)]))
    low, high = found.limits(norm.ppf(0.975))
    expected = binomtest(hits, trials).proportion_ci(0.95, method="exact")
    np.testing.assert_allclose([low[0], high[0]], [expected.low, expected.high], atol=1e-10)


@pytest.mark.parametrize("trials", [1, 5, 20, 60, 300])
def test_every_rate_is_covered_by_enumeration_of_all_outcomes(trials):
    rates = np.unique(np.concatenate([np.linspace(0, 1, 401), [0.0005, 0.9995]]))
    hits = np.arange(trials + 1)
    limits = Proportions(value=hits / trials, trials=np.full(trials + 1, float(trials)))
    chances = binom.pmf(hits, trials, rates[:, None])
    low, high = limits.limits(norm.ppf(0.975))
    lower, upper = limits.limits(norm.ppf(0.95))
    within = (low <= rates[:, None] + 1e-12) & (rates[:, None] - 1e-12 <= high)
    assert (chances * within).sum(axis=1).min() >= 0.95 - 1e-9
    assert (chances * (upper < rates[:, None] - 1e-12)).sum(axis=1).max() <= 0.05 + 1e-9
    assert (chances * (lower > rates[:, None] + 1e-12)).sum(axis=1).max() <= 0.05 + 1e-9


def test_a_group_without_trials_may_have_any_rate():
    low, high = Proportions(value=np.array([np.nan]), trials=np.array([0.0])).limits(1.96)
    assert (low[0], high[0]) == (0.0, 1.0)


@given(st.integers(0, 50), st.integers(0, 50), st.floats(0.01, 100))
def test_without_differing_weights_effective_trials_are_the_rows(hits, misses, weight):
    found = effective_trials(
        *(np.array([x]) for x in (hits * weight, misses * weight, hits * weight**2, misses * weight**2))
    )
    assert found[0] == pytest.approx(hits + misses)


def test_effective_trials_give_the_variance_of_a_weighted_rate():
    rng = np.random.default_rng(0)
    hit = rng.random((20_000, 200)) < 0.3
    weight = np.where(hit, 3.0, 1.0)[:1] * rng.uniform(0.5, 2, 200)  # fixed weights, unrelated to later draws
    rates = (hit * weight).sum(axis=1) / weight.sum()
    first = hit[1]
    found = effective_trials(
        *(
            np.array([x])
            for x in (
                (first * weight).sum(),
                (~first * weight).sum(),
                (first * weight**2).sum(),
                (~first * weight**2).sum(),
            )
        )
    )
    assert found[0] <= 0.3 * 0.7 / rates.var() * 1.1
