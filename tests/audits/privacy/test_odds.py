"""What an epsilon allows, against the mechanism that exhausts it: every test of it is tried."""

from math import exp, log

import numpy as np
import pytest
from assay.audits.privacy.odds import FALSE_ALARMS, in_odds, largest_share_found, posterior, right_guesses
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.stats import norm

EPSILONS = st.floats(0.0, 12.0)
DELTAS = st.floats(0.0, 0.3)
RATES = st.floats(0.0, 1.0)


def exhausting(epsilon: float, delta: float) -> tuple[np.ndarray, np.ndarray]:
    """Four outcomes, with the unit in and out: no (epsilon, delta) pair is told apart better."""
    likely = (1 - delta) / (1 + exp(-epsilon))
    inside = np.array([delta, likely, 1 - delta - likely, 0.0])
    return inside, inside[::-1]


def best_test(inside: np.ndarray, outside: np.ndarray, rate: float) -> float:
    """Largest power of a test of this size, chance allowed, by linear programming."""
    found = linprog(-inside, A_ub=[outside], b_ub=[rate], bounds=(0, 1))
    return -found.fun


@given(epsilon=EPSILONS, delta=DELTAS, rate=RATES)
def test_no_test_of_the_exhausting_mechanism_finds_more_and_one_finds_as_much(epsilon, delta, rate):
    inside, outside = exhausting(epsilon, delta)
    assert largest_share_found(rate, epsilon, delta) == pytest.approx(
        best_test(inside, outside, rate), abs=1e-7
    )


@given(epsilon=EPSILONS, delta=DELTAS)
def test_guesses_are_right_as_often_as_the_two_distributions_differ(epsilon, delta):
    """The best guess is right with chance (1 + total variation) / 2."""
    inside, outside = exhausting(epsilon, delta)
    assert right_guesses(epsilon, delta) == pytest.approx(0.5 + np.abs(inside - outside).sum() / 4)


@given(epsilon=EPSILONS, prior=st.floats(0.001, 0.999))
def test_odds_are_multiplied_by_e_to_the_epsilon(epsilon, prior):
    after = posterior(epsilon, prior)
    assert log(after) - log(prior) - np.log1p(-after) + np.log1p(-prior) == pytest.approx(epsilon, abs=1e-6)


@given(epsilon=EPSILONS, delta=DELTAS, rate=RATES)
def test_a_larger_epsilon_allows_no_less(epsilon, delta, rate):
    assert largest_share_found(rate, epsilon + 0.5, delta) >= largest_share_found(rate, epsilon, delta)
    assert right_guesses(epsilon + 0.5, delta) >= right_guesses(epsilon, delta)
    assert largest_share_found(rate, epsilon, delta) >= rate


def test_no_epsilon_is_no_better_than_chance():
    assert (posterior(0.0), right_guesses(0.0, 0.0)) == (0.5, 0.5)
    assert [largest_share_found(rate, 0.0, 0.0) for rate in (0.0, 0.3, 1.0)] == [0.0, 0.3, 1.0]


@pytest.mark.parametrize("deviation", [0.5, 1.0, 2.0])
def test_the_gaussian_mechanism_stays_below(deviation):
    """Its (epsilon, delta) by Balle & Wang (2018), theorem 8; its best test is a threshold."""
    epsilon, mean = 2.0, 1 / deviation
    delta = norm.cdf(mean / 2 - epsilon / mean) - exp(epsilon) * norm.cdf(-mean / 2 - epsilon / mean)
    for rate in (1e-4, 0.01, 0.2, 0.7):
        power = norm.sf(norm.isf(rate) - mean)
        assert power <= largest_share_found(rate, epsilon, delta) + 1e-12


def test_three_is_told_as_in_the_textbooks():
    found = in_odds(3.0, 0.0)
    assert found["factor"] == pytest.approx(20.0855, abs=1e-4)
    assert found["posterior"] == found["right_guesses"] == pytest.approx(0.952574, abs=1e-6)
    assert found["share_found"] == pytest.approx({"0.01": 0.200855, "0.001": 0.0200855}, rel=1e-5)
    assert list(found["share_found"]) == [f"{rate:g}" for rate in FALSE_ALARMS]


def test_an_epsilon_that_bounds_nothing_any_more_says_so():
    found = in_odds(5000.0, 1e-5)
    assert "factor" not in found
    assert (found["posterior"], found["right_guesses"]) == (1.0, 1.0)
    assert set(found["share_found"].values()) == {1.0}
