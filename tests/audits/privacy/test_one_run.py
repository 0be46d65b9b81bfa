"""The bound of one run, against enumeration, scipy, and mechanisms whose epsilon is known."""

from fractions import Fraction
from math import comb, exp

import numpy as np
import pytest
from assay.audits.privacy.claims import read_claim
from assay.audits.privacy.one_run import (
    SHARES,
    epsilon_lower_bound,
    faultless_guesses,
    guess,
    largest_detectable,
    measure,
    p_value,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit, ndtr
from scipy.stats import binom

COUNTS = st.integers(1, 60).flatmap(
    lambda m: st.integers(1, m).flatmap(lambda r: st.tuples(st.just(m), st.just(r), st.integers(0, r)))
)


def by_the_theorem(canaries: int, guesses: int, right: int, epsilon: float, delta: float) -> float:
    """Theorem 5.2 word by word, with scipy's distribution and every i up to the number of canaries."""
    chance = expit(epsilon)
    tail = binom.sf(right - 1, guesses, chance)
    terms = [
        sum(binom.pmf(k, guesses, chance) for k in range(max(right - i, 0), right)) / i
        for i in range(1, canaries + 1)
    ]
    return min(1.0, tail + 2 * canaries * delta * max(terms))


def gaussian_delta(epsilon: float, deviation: float) -> float:
    """Exact delta of the Gaussian mechanism with sensitivity 1 (Balle & Wang 2018, theorem 8)."""
    half = 1 / (2 * deviation)
    return ndtr(half - epsilon * deviation) - exp(epsilon) * ndtr(-half - epsilon * deviation)


@pytest.mark.parametrize(("epsilon", "guesses"), [(1, 10), (3, 62), (8, 8932)])
def test_faultless_guesses_for_an_epsilon_are_those_of_the_target(epsilon, guesses):
    assert faultless_guesses(epsilon) == guesses
    assert largest_detectable(guesses, guesses, delta=0.0) >= epsilon
    assert largest_detectable(guesses - 1, guesses - 1, delta=0.0) < epsilon


def test_the_tail_equals_an_enumeration_in_whole_numbers():
    right, guesses, chance = 7, 9, Fraction(3, 4)  # epsilon = log 3
    tail = sum(
        comb(guesses, k) * chance**k * (1 - chance) ** (guesses - k) for k in range(right, guesses + 1)
    )
    assert p_value(20, guesses, right, epsilon=np.log(3), delta=0.0) == pytest.approx(float(tail), abs=1e-14)


@settings(deadline=None)
@given(COUNTS, st.floats(0, 6), st.sampled_from([0.0, 1e-6, 1e-3, 0.02]))
def test_the_p_value_is_the_theorem_s(counts, epsilon, delta):
    expected = by_the_theorem(*counts, epsilon, delta)
    assert p_value(*counts, epsilon=epsilon, delta=delta) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@settings(deadline=None)
@given(COUNTS, st.sampled_from([0.0, 1e-5, 1e-3]))
def test_every_epsilon_below_the_bound_is_refuted_and_those_just_above_are_not(counts, delta):
    bound = epsilon_lower_bound(*counts, delta=delta)
    for below in np.linspace(0, bound - 1e-9, 20) if bound else ():
        assert p_value(*counts, epsilon=below, delta=delta) < 0.05
    assert p_value(*counts, epsilon=bound + 1e-6, delta=delta) >= 0.05 - 1e-9


@settings(deadline=None)
@given(COUNTS)
def test_a_larger_delta_or_confidence_never_raises_the_bound(counts):
    bound = epsilon_lower_bound(*counts, delta=1e-5)
    assert epsilon_lower_bound(*counts, delta=1e-3) <= bound
    assert epsilon_lower_bound(*counts, delta=1e-5, confidence=0.99) <= bound
    assert bound <= largest_detectable(*counts[:2], delta=1e-5)


def test_randomized_response_is_bounded_below_its_epsilon_and_the_bound_gets_close():
    """Each coin is told rightly with chance e^eps / (1 + e^eps): here the test is exact."""
    rng, epsilon, canaries = np.random.default_rng(0), 2.0, 1000
    rights = rng.binomial(canaries, expit(epsilon), size=1000)
    bounds = np.array(
        [epsilon_lower_bound(canaries, canaries, right, delta=0.0) for right in rights.tolist()]
    )
    assert np.mean(bounds > epsilon) <= 0.05 + 3 * (0.05 * 0.95 / 1000) ** 0.5
    assert np.median(bounds) > 1.75
    many = epsilon_lower_bound(10**6, 10**6, round(10**6 * expit(epsilon)), delta=0.0)
    assert many == pytest.approx(epsilon, abs=0.01)


@pytest.mark.parametrize(("deviation", "canaries"), [(0.5, 200), (1.0, 1000)])
def test_the_gaussian_mechanism_is_not_bounded_above_its_epsilon_too_often(deviation, canaries):
    """All guesses and choices of `measure` included, in 1,000 draws each."""
    delta, rng = 1e-5, np.random.default_rng(1)
    epsilon = brentq(lambda at: gaussian_delta(at, deviation) - delta, 0, 60)
    bounds = []
    for _ in range(1000):
        included = rng.random(canaries) < 0.5
        scores = included + deviation * rng.standard_normal(canaries)
        bounds.append(measure(scores, included, delta=delta).values["epsilon_lower"]["value"])
    assert np.mean(np.array(bounds) > epsilon) <= 0.05
    assert np.median(bounds) > 0.5


def test_choosing_among_numbers_of_guesses_is_paid_for():
    """The tightest case for the choice: pure epsilon, where each bound alone errs in nearly 5%."""
    epsilon, canaries, rng = 1.0, 300, np.random.default_rng(2)
    chosen, greedy = 0, 0
    for _ in range(1000):
        included = rng.random(canaries) < 0.5
        told = np.where(rng.random(canaries) < expit(epsilon), included, ~included)
        scores = np.where(told, 1.0, -1.0) * rng.random(canaries)
        chosen += measure(scores, included, delta=0.0).values["epsilon_lower"]["value"] > epsilon
        made = [guess(scores, included, count) for count in range(15, canaries + 1, 15)]
        greedy += max(epsilon_lower_bound(canaries, of.made, of.right, delta=0.0) for of in made) > epsilon
    assert chosen / 1000 <= 0.05 + 3 * (0.05 * 0.95 / 1000) ** 0.5
    assert greedy / 1000 > 0.1


def test_a_number_says_what_it_could_have_shown_and_has_no_upper_end():
    included = np.arange(100) % 2 == 0
    found = measure(included.astype(float), included, delta=0.0).values["epsilon_lower"]
    assert found["value"] == found["detectable"] == found["low"]
    assert found["one_sided"] == [found["value"], None]
    assert (found["guesses"], found["right"], found["n"]) == (90, 90, 100)
    chance = (0.05 / len(SHARES)) ** (1 / 90)
    assert found["value"] == pytest.approx(np.log(chance / (1 - chance)))


def test_ties_don_t_betray_the_order_in_memory():
    included = np.arange(1000) >= 500  # sorted: a stable sort of equal scores would guess all of them
    found = measure(np.zeros(1000), included, delta=0.0).values["epsilon_lower"]
    assert found["value"] < 0.3


@pytest.mark.parametrize(("scores", "reason"), [([1.0], "two canaries"), ([1.0, np.nan], "not numbers")])
def test_an_attack_without_scores_is_missing(scores, reason):
    found = measure(np.array(scores), np.zeros(len(scores), dtype=bool), delta=0.0)
    assert reason in found.missing["/epsilon_lower"]
    assert found.values == {}


@pytest.mark.parametrize(("claim", "status"), [(1.0, "fail"), (3.0, "pass"), (8.0, "inconclusive")], ids=str)
def test_a_claim_that_the_attack_could_not_have_refuted_is_neither_kept_nor_broken(claim, status):
    found = {"value": 1.5, "detectable": 4.0, "n": 100}
    assert read_claim(found, claim)[0] == status
