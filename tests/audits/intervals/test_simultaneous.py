import numpy as np
import pytest
from assay.audits.intervals import critical_value
from scipy.stats import norm, studentized_range


@pytest.mark.parametrize("groups", [2, 3, 5, 10, 50])
def test_one_family_has_the_studentized_range(groups):
    expected = studentized_range.ppf(0.95, groups, np.inf) / np.sqrt(2)
    assert critical_value([groups], 0.95) == pytest.approx(expected, abs=2e-4)


def test_two_groups_need_no_correction():
    assert critical_value([2], 0.95) == pytest.approx(norm.ppf(0.975), abs=1e-6)


@pytest.mark.parametrize("families", [[2, 2], [5, 5], [3, 7, 4]])
def test_several_families_hold_together_in_simulation(families):
    rng = np.random.default_rng(0)
    largest = np.max(
        [np.ptp(rng.standard_normal((200_000, k)), axis=1) / np.sqrt(2) for k in families], axis=0
    )
    assert np.mean(largest <= critical_value(families, 0.95)) == pytest.approx(0.95, abs=0.002)


def test_unequal_group_sizes_only_make_it_hold_more_often():
    rng = np.random.default_rng(1)
    error = 1 / np.sqrt([13946, 1561, 480, 159, 135])
    drawn = rng.standard_normal((50_000, 5)) * error
    largest = np.max(
        [
            np.abs(drawn[:, g] - drawn[:, h]) / np.hypot(error[g], error[h])
            for g in range(5)
            for h in range(g)
        ],
        axis=0,
    )
    assert np.mean(largest <= critical_value([5], 0.95)) >= 0.95


def test_a_thousand_groups_have_a_critical_value():
    drawn = np.random.default_rng(2).standard_normal((10_000, 1000))
    assert np.mean(np.ptp(drawn, axis=1) / np.sqrt(2) <= critical_value([1000], 0.95)) == pytest.approx(
        0.95, abs=0.01
    )
