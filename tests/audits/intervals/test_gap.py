from itertools import permutations

import numpy as np
import pytest
from assay.audits.intervals import (
    Means,
    Moments,
    Proportions,
    critical_value,
    largest_gap,
    mean_gap,
    smallest_ratio,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom, norm

RATES = np.unique([0, 0.001, 0.01, 0.03, 0.08, 0.2, 0.35, 0.5, 0.65, 0.8, 0.92, 0.97, 0.99, 0.999, 1])


def two_groups(first: int, second: int) -> tuple[Proportions, np.ndarray, np.ndarray]:
    """Every outcome of two groups, as (outcomes, 2) proportions; and the chances of each group's."""
    hits = np.stack(np.meshgrid(np.arange(first + 1), np.arange(second + 1), indexing="ij"), axis=-1).reshape(
        -1, 2
    )
    trials = np.broadcast_to(np.array([first, second], float), hits.shape)
    chances = (binom.pmf(np.arange(n + 1), n, RATES[:, None]) for n in (first, second))
    return Proportions(value=hits / trials, trials=trials), *chances


@pytest.mark.parametrize(("first", "second"), [(20, 20), (20, 50), (5, 20), (50, 50), (20, 150)])
def test_two_groups_are_covered_by_enumeration_of_all_outcomes(first, second):
    groups, one, other = two_groups(first, second)
    gap, ratio = largest_gap(groups), smallest_ratio(groups)
    for i, j in permutations(range(len(RATES)), 2):
        chance = np.outer(one[i], other[j]).ravel()
        true = abs(RATES[i] - RATES[j])
        assert chance @ ((gap.low <= true + 1e-12) & (true - 1e-12 <= gap.high)) >= 0.95
        # A gate with its limit at the truth passes at most 5% of the time: 5.04% in the worst of all cases.
        assert chance @ (gap.one_sided[1] < true - 1e-12) <= 0.0505
        assert chance @ (gap.one_sided[0] > true + 1e-12) <= 0.05
        true = min(RATES[i], RATES[j]) / max(RATES[i], RATES[j])
        known = np.isfinite(ratio.value)
        wrong = (ratio.low > true + 1e-12) | (ratio.high < true - 1e-12)
        assert chance @ (known & wrong) <= 0.05
        assert chance @ (known & (ratio.one_sided[0] > true + 1e-12)) <= 0.05


@pytest.mark.parametrize(("first", "second"), [(20, 20), (20, 200)])
def test_a_true_gap_of_zero_is_covered_by_enumeration(first, second):
    groups, one, other = two_groups(first, second)
    low = largest_gap(groups).low
    assert min(np.outer(one[i], other[i]).ravel() @ (low == 0) for i in range(len(RATES))) >= 0.95


@pytest.mark.parametrize(("hits", "trials"), [((3, 9), (20, 30)), ((0, 18), (20, 20)), ((40, 12), (50, 300))])
def test_upper_limit_of_two_groups_is_the_melded_one(hits, trials):
    """Melded interval: a quantile of the difference of the two confidence distributions, drawn here."""
    rng = np.random.default_rng(0)
    high, low = (0, 1) if hits[0] / trials[0] > hits[1] / trials[1] else (1, 0)
    above = beta.rvs(hits[high] + 1, trials[high] - hits[high], size=1_000_000, random_state=rng)
    below = (
        0
        if hits[low] == 0
        else beta.rvs(hits[low], trials[low] - hits[low] + 1, size=1_000_000, random_state=rng)
    )
    groups = Proportions(value=np.array(hits) / trials, trials=np.array(trials, float))
    assert largest_gap(groups).one_sided[1] == pytest.approx(np.quantile(above - below, 0.95), abs=0.012)


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)).filter(any), min_size=2, max_size=6),
    st.floats(0.5, 0.99),
)
@settings(deadline=None)
def test_bounds_enclose_the_value_and_stay_in_range(groups, confidence):
    trials = np.array([a + b for a, b in groups], float)
    rates = Proportions(value=np.array([a for a, _ in groups]) / trials, trials=trials)
    for interval in (
        largest_gap(rates, confidence=confidence),
        mean_gap(rates, rates, confidence=confidence),
    ):
        assert 0 <= interval.low <= interval.value + 1e-12
        assert interval.value - 1e-12 <= interval.high <= 1
        assert interval.one_sided[0] <= interval.value + 1e-12
    ratio = smallest_ratio(rates, confidence=confidence)
    if np.isfinite(ratio.value):
        assert 0 <= ratio.low <= ratio.value + 1e-12
        assert ratio.value - 1e-12 <= ratio.high <= 1


def normal(value, error) -> Means:
    moments = Moments(mean=np.array(value), error=np.array(error), freedom=np.full(len(value), 1e9))
    return Means(value=moments.mean, below=moments, above=moments, positive=False)


def test_normal_means_have_the_closed_form():
    found = largest_gap(normal([1.0, 3.0, 2.0], [0.3, 0.4, 0.5]), span=np.inf)
    pairs = [(2.0, 0.5), (1.0, np.hypot(0.4, 0.5)), (1.0, np.hypot(0.3, 0.5))]
    assert found.high == pytest.approx(max(d + norm.ppf(0.975) * s for d, s in pairs), rel=1e-6)
    critical = critical_value([3], 0.95)
    assert found.low == pytest.approx(max(d - critical * s for d, s in pairs), rel=1e-6)


def test_mean_gap_is_never_below_the_largest_limit_over_pairs_of_pairs():
    first, second = normal([0.1, 0.5, 0.45], [0.02, 0.1, 0.2]), normal([0.7, 0.3], [0.05, 0.2])
    z = norm.ppf(0.95)
    limits = [
        (a - b + c - d + z * np.sqrt(sa**2 + sb**2 + sc**2 + sd**2)) / 2
        for (a, sa), (b, sb) in permutations([(0.1, 0.02), (0.5, 0.1), (0.45, 0.2)], 2)
        for (c, sc), (d, sd) in permutations([(0.7, 0.05), (0.3, 0.2)], 2)
    ]
    upper = mean_gap(first, second, span=np.inf).one_sided[1]
    assert max(limits) - 1e-9 <= upper <= max(limits) * 1.1


def test_blocks_of_pairs_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    groups = Proportions(value=rng.random(57), trials=np.full(57, 30.0))
    whole = largest_gap(groups)
    monkeypatch.setattr("assay.audits.intervals.gap._PAIRS_AT_ONCE", 200)
    blocks = largest_gap(groups)
    assert (whole.low, whole.high, whole.one_sided) == (blocks.low, blocks.high, blocks.one_sided)


def test_the_percentile_bootstrap_of_a_gap_never_covers_zero():
    """Why nothing here is a percentile interval: the reason given in the docs, shown."""
    rng = np.random.default_rng(0)
    counts = rng.binomial(200, 0.25, size=5)
    drawn = rng.binomial(200, counts / 200, size=(2000, 5)) / 200
    assert np.quantile(np.ptp(drawn, axis=1), 0.025) > 0
