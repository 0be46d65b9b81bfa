"""Contributions against a mean over all orders of the players, and by the axioms that define the value."""

import itertools

import numpy as np
import pytest
from assay.audits.clients.contributions import leave_one_out, measure, shapley
from hypothesis import given, settings
from hypothesis import strategies as st


def games(players):
    return st.lists(
        st.floats(-100, 100, allow_subnormal=False), min_size=2**players, max_size=2**players
    ).map(np.array)


def by_orders(values):
    """The definition: what a player adds to those before it, over every order."""
    players = int(np.log2(values.size))
    gains = np.zeros(players)
    orders = list(itertools.permutations(range(players)))
    for order in orders:
        coalition = 0
        for player in order:
            gains[player] += values[coalition | 1 << player] - values[coalition]
            coalition |= 1 << player
    return gains / len(orders)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6).flatmap(games))
def test_the_value_is_the_mean_gain_over_all_orders(values):
    np.testing.assert_allclose(shapley(values), by_orders(values), atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 8).flatmap(games))
def test_values_sum_to_what_everybody_is_worth(values):
    assert shapley(values).sum() == pytest.approx(values[-1] - values[0], abs=1e-8)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 6).flatmap(games), st.data())
def test_players_that_are_alike_get_alike(values, data):
    players = int(np.log2(values.size))
    one, other = data.draw(st.permutations(range(players)))[:2]
    swapped = np.array([_swapped(mask, one, other) for mask in range(values.size)])
    symmetric = values + values[swapped]
    found = shapley(symmetric)
    assert found[one] == pytest.approx(found[other], abs=1e-8)


def _swapped(mask, one, other):
    bits = mask >> one & 1, mask >> other & 1
    cleared = mask & ~(1 << one) & ~(1 << other)
    return cleared | bits[0] << other | bits[1] << one


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5).flatmap(games), st.floats(-5, 5))
def test_a_player_that_changes_nothing_gets_nothing_and_one_that_always_adds_the_same_gets_that(values, gift):
    """A last player is added to the game, whose presence is worth `gift` to anybody."""
    with_null = np.concatenate([values, values + gift])
    found = shapley(with_null)
    assert found[-1] == pytest.approx(gift, abs=1e-8)
    np.testing.assert_allclose(found[:-1], shapley(values), atol=1e-8)


def test_twelve_players_are_counted_exactly():
    """Shapley of the size of the coalition squared: all alike, and 144 in sum."""
    sizes = np.bitwise_count(np.arange(2**12)).astype(float)
    np.testing.assert_allclose(shapley(sizes**2), 12.0)


def test_leaving_one_out_is_what_the_others_lack():
    assert leave_one_out(np.array([0.0, 10.0, 7.0, 12.0])).tolist() == [3.0, -2.0]


def told(method, *rounds, kept=9):
    return {
        "method": method,
        "kept": kept,
        "rounds": [
            {"round": number, "clients": clients, "judges": 3, "losses": losses}
            for number, (clients, losses) in enumerate(rounds, start=1)
        ],
    }


def test_rounds_are_summed_up_to_the_one_that_was_kept():
    """Losses by hand: round 1 has clients 0 and 2, round 2 has client 1 alone, round 3 came too late."""
    rounds = (
        ([0, 2], [4.0, 3.0, 2.0, 1.0]),  # nobody, 0, 2, both: 0 is worth 1, and 2 is worth 2
        ([1], [1.0, 0.5]),
        ([0], [0.5, 9.0]),
    )
    found = measure(told("shapley", *rounds, kept=2), ["a", "b", "c"])
    assert found["values"] == {"a": 1.0, "b": 0.5, "c": 2.0}
    assert (found["rounds"], found["unjudged"], found["fall"]) == (2, 0, 3.5)
    assert sum(found["values"].values()) == pytest.approx(found["fall"])


def test_a_round_that_nobody_judged_is_counted_apart():
    found = measure(told("leave_one_out", ([0], None), ([0, 1], [2.0, 1.0, 1.5, 0.5])), ["a", "b"])
    assert (found["rounds"], found["unjudged"], found["fall"]) == (1, 1, 1.0)
    assert found["values"] == {"a": 0.5, "b": -0.5}
