"""Coins: what is promised of them."""

import numpy as np
import pytest
from assay.platform.privacy.canaries.coins import coins, random_numbers
from scipy.stats import binomtest


def test_coins_are_fair_and_their_number_of_heads_is_not_fixed():
    rng = np.random.default_rng(0)
    heads = np.array([coins(100, rng).sum() for _ in range(2000)])
    assert binomtest(int(heads.sum()), 200_000).pvalue > 0.001
    assert heads.var() == pytest.approx(25, rel=0.15)


def test_only_a_seed_repeats_them():
    first, second, secret, other = (coins(200, random_numbers(seed)) for seed in (1, 1, None, None))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(secret, other)
