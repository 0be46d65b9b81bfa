"""Positions against the paper's formula, term by term."""

import math

import pytest
import torch
from assay.models.positions import POSITIONS, LearnedPositions, positions, sinusoidal_positions
from assay.models.unknown import UnknownNameError


def test_sinusoidal_positions_are_the_paper_s():
    found = sinusoidal_positions(9, 6)
    for t in range(9):
        for i in range(3):
            angle = t / 10_000 ** (2 * i / 6)
            assert found[t, 2 * i] == pytest.approx(math.sin(angle), abs=1e-6)
            assert found[t, 2 * i + 1] == pytest.approx(math.cos(angle), abs=1e-6)


def test_a_step_is_the_same_rotation_from_everywhere():
    """The law by which section 3.5 chose them: P[t + k] = R(k) P[t] for each wave."""
    table, k = sinusoidal_positions(20, 8).double(), 5
    waves = table.view(20, 4, 2)
    angle = k * 10_000 ** (-torch.arange(4, dtype=torch.float64) / 4)
    sine, cosine = waves[:-k, :, 0], waves[:-k, :, 1]
    moved = torch.stack(
        [sine * angle.cos() + cosine * angle.sin(), cosine * angle.cos() - sine * angle.sin()], dim=2
    )
    torch.testing.assert_close(moved, waves[k:], rtol=0, atol=2e-6)


@pytest.mark.parametrize("kind", POSITIONS)
def test_later_tokens_get_later_places(kind):
    network, tokens = positions(kind, 10, 8), torch.zeros(2, 7, dtype=torch.long)
    whole = network(tokens)
    assert whole.shape == (2, 7, 8)
    torch.testing.assert_close(network(tokens[:, :3], start=4), whole[:, 4:])


def test_only_learned_positions_have_parameters():
    assert sum(p.numel() for p in LearnedPositions(10, 8).parameters()) == 80
    assert list(positions("sinusoidal", 10, 8).parameters()) == []
    assert positions("sinusoidal", 10, 8).state_dict() == {}


@pytest.mark.parametrize("kind", POSITIONS)
def test_a_sequence_that_is_too_long_is_refused(kind):
    with pytest.raises(ValueError, match="got 11 tokens, expected at most 10"):
        positions(kind, 10, 8)(torch.zeros(1, 3, dtype=torch.long), start=8)


def test_other_positions_and_odd_widths_are_refused():
    with pytest.raises(UnknownNameError, match="unknown positions: got 'rotary'"):
        positions("rotary", 10, 8)
    with pytest.raises(ValueError, match="got 7, expected an even one"):
        sinusoidal_positions(10, 7)
