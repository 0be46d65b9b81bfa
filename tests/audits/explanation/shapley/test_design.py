"""The coalitions of a game and the matrix that turns their values into shares."""

from math import comb

import numpy as np
import pytest
from assay.audits.explanation.shapley.design import design
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers(2, 20), st.sampled_from([4, 40, 128, 600]), st.integers(0, 50))
def test_coalitions_are_different_and_come_with_their_complements(players, most, seed):
    found = design(players, most, seed).coalitions
    assert len(found) <= max(most, 2 * players + 2)
    lines = {line.tobytes() for line in found}
    assert len(lines) == len(found)
    assert {(~line).tobytes() for line in found} == lines
    assert not found[0].any()
    assert found[-1].all()


@given(st.integers(2, 20), st.sampled_from([4, 40, 128, 600]), st.integers(0, 50), st.integers(0, 100))
def test_shares_of_an_additive_game_are_its_parts(players, most, seed, game):
    plan, parts = design(players, most, seed), np.random.default_rng(game).normal(size=players)
    np.testing.assert_allclose(plan.projection @ (plan.coalitions @ parts + 7.0), parts, atol=1e-8)


@pytest.mark.parametrize("players", [2, 3, 5, 7])
def test_least_squares_over_all_coalitions_is_shapleys_formula(players):
    """The kernel of Lundberg & Lee, solved by numpy with the constraint put in by hand."""
    plan = design(players, 2**players)
    assert plan.complete
    proper = plan.coalitions[1:-1].astype(float)
    size = proper.sum(axis=1)
    weight = np.array([(players - 1) / (comb(players, int(s)) * s * (players - s)) for s in size])
    values = np.random.default_rng(0).normal(size=2**players)
    y, total = values[1:-1] - values[0], values[-1] - values[0]
    left = (proper[:, :-1] - proper[:, -1:]) * np.sqrt(weight)[:, None]
    right = (y - proper[:, -1] * total) * np.sqrt(weight)
    solved = np.linalg.lstsq(left, right, rcond=None)[0]
    expected = np.append(solved, total - solved.sum())
    np.testing.assert_allclose(plan.projection @ values, expected, atol=1e-10)


def test_sizes_are_enumerated_from_the_outside_in():
    sizes = design(12, 2 + 24 + 132 + 50).coalitions.sum(axis=1)
    counted = np.bincount(sizes, minlength=13)
    assert counted[[0, 1, 2, 10, 11, 12]].tolist() == [1, 12, 66, 66, 12, 1]
    assert counted[3:10].sum() == 50


def test_a_game_without_players_shares_nothing():
    assert design(0, 64).projection.shape == (0, 1)
    np.testing.assert_allclose(design(1, 64).projection, [[-1, 1]])
