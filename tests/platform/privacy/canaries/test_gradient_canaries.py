"""Coordinates and coins: what is promised of them."""

import numpy as np
import pytest
from assay.platform.privacy.canaries.gradient_canaries import GradientCanaries, coins, how_many
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest


def test_coins_are_fair_and_their_number_of_heads_is_not_fixed():
    rng = np.random.default_rng(0)
    heads = np.array([coins(100, rng).sum() for _ in range(2000)])
    assert binomtest(int(heads.sum()), 200_000).pvalue > 0.001
    assert heads.var() == pytest.approx(25, rel=0.15)


def test_canaries_lie_along_coordinates_of_their_own():
    canaries = GradientCanaries.draw(50, 50, rng=np.random.default_rng(0))
    assert sorted(canaries.coordinates.tolist()) == list(range(50))


@given(st.integers(0, 10_000), st.integers(1, 100_000))
def test_there_are_never_more_canaries_than_asked_for_or_than_a_tenth_and_never_a_single_one(asked, numbers):
    count = how_many(asked, numbers)
    assert count <= asked
    assert 10 * count <= numbers
    assert count != 1
    assert count > 0 or asked < 2 or numbers < 20
