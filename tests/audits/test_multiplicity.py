"""Holm's adjustment, against the closed testing procedure that it abbreviates."""

from itertools import combinations

import numpy as np
import pytest
from assay.audits.multiplicity import holm
from hypothesis import given
from hypothesis import strategies as st

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=6).map(np.array)


def closed(p_values: np.ndarray) -> np.ndarray:
    """Adjusted p of each test: the largest Bonferroni p over all sets of hypotheses that contain it."""
    tests = range(len(p_values))
    sets = [subset for size in range(1, len(p_values) + 1) for subset in combinations(tests, size)]
    bonferroni = {subset: min(1.0, len(subset) * p_values[list(subset)].min()) for subset in sets}
    return np.array([max(p for subset, p in bonferroni.items() if test in subset) for test in tests])


@given(P_VALUES)
def test_it_equals_closed_testing_with_bonferroni(p_values):
    np.testing.assert_allclose(holm(p_values), closed(p_values), atol=1e-15)


def test_it_gives_the_numbers_of_a_worked_example():
    # 0.01 x 4, 0.013 x 3 raised to the one before it, 0.014 x 2 likewise, 0.19 x 1.
    np.testing.assert_allclose(holm(np.array([0.01, 0.19, 0.014, 0.013])), [0.04, 0.19, 0.04, 0.04])


def test_a_test_that_was_not_made_counts_as_none():
    np.testing.assert_array_equal(holm(np.array([0.01, np.nan, 0.02])), [0.02, np.nan, 0.02])


def test_nothing_to_adjust_is_nothing():
    assert holm(np.array([])).shape == (0,)


@given(P_VALUES, st.sampled_from([0.01, 0.05, 0.2]))
def test_it_flags_whatever_bonferroni_flags_and_never_more_than_no_correction(p_values, alpha):
    flagged = holm(p_values) <= alpha
    assert np.all(flagged[p_values * len(p_values) <= alpha])
    assert np.all(p_values[flagged] <= alpha)


def test_false_flags_stay_under_alpha_when_tests_copy_each_other():
    generator = np.random.default_rng(0)
    shared = generator.random((2_000, 1))
    p_values = np.where(generator.random((2_000, 8)) < 0.5, shared, generator.random((2_000, 8)))
    false = np.mean([np.any(holm(row) <= 0.05) for row in p_values])
    assert false == pytest.approx(0.05, abs=0.02)
