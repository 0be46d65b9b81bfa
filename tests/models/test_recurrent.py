"""Recurrent networks against a loop over the written-out equations."""

import pytest
import torch
from assay.models.cells import gru_step, lstm_step, rnn_step
from assay.models.inputs import PAD, TextInput
from assay.models.recurrent import CELLS, POOLS, Recurrent
from assay.models.unknown import UnknownNameError
from torch import Tensor

INPUTS = TextInput(vocabulary=9, length=8)
LENGTHS = torch.tensor([3, 6, 1, 4])


def lines() -> Tensor:
    """Four lines of codes above 0, `(4, 8)`, filled up behind `LENGTHS`."""
    tokens = torch.randint(1, 9, (4, 8), generator=torch.Generator().manual_seed(0))
    return tokens.masked_fill(torch.arange(8) >= LENGTHS.unsqueeze(1), PAD)


def by_hand(network: Recurrent, cell: str, line: Tensor) -> Tensor:
    """States `(T, width)` of one line without padding, direction by direction, step by step."""
    directions = []
    for suffix in ("", "_reverse")[: 1 + network.layers.bidirectional]:
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        weights = [getattr(network.layers, f"{name}_l0{suffix}") for name in names]
        h = m = torch.zeros(1, network.layers.hidden_size)
        states = []
        for token in line.flip(0) if suffix else line:
            x = network.tokens(token).unsqueeze(0)
            if cell == "lstm":
                h, m = lstm_step(x, (h, m), *weights)
            else:
                h = (rnn_step if cell == "rnn" else gru_step)(x, h, *weights)
            states.append(h[0])
        directions.append(torch.stack(states[::-1] if suffix else states))
    return torch.cat(directions, dim=1)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("pool", POOLS)
def test_it_is_the_loop_over_each_line_up_to_its_length(cell, bidirectional, pool):
    torch.manual_seed(0)
    network = Recurrent(
        INPUTS, 2, cell=cell, token_width=5, width=4, bidirectional=bidirectional, pool=pool
    ).eval()
    tokens = lines()
    found = network.encode(tokens)
    assert found.shape == (4, network.width)
    for row, length in enumerate(LENGTHS):
        states = by_hand(network, cell, tokens[row, :length])
        backwards = states[0, 4:]  # reading backwards ends at the first token
        expected = {
            "last": torch.cat([states[-1, :4], backwards]),
            "mean": states.mean(dim=0),
            "max": states.amax(dim=0),
        }[pool]
        torch.testing.assert_close(found[row], expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("pool", POOLS)
def test_who_shares_a_batch_with_a_line_changes_nothing(cell, pool):
    network = Recurrent(INPUTS, 3, cell=cell, token_width=5, width=4, depth=2, pool=pool).eval()
    tokens = lines()
    logits = network(tokens)
    assert logits.shape == (4, 3)
    for row, length in enumerate(LENGTHS):
        torch.testing.assert_close(network(tokens[row : row + 1, :length]), logits[row : row + 1])


def test_its_parameters_are_those_of_four_gates_in_two_directions():
    network = Recurrent(INPUTS, 3, token_width=5, width=4)
    gates = 4 * (5 * 4 + 4 * 4 + 2 * 4)
    assert sum(p.numel() for p in network.parameters()) == 9 * 5 + 2 * gates + 8 * 3 + 3


def test_other_cells_and_pools_are_refused():
    with pytest.raises(UnknownNameError, match=r"unknown cell: got 'gnu'.*did you mean 'gru'"):
        Recurrent(INPUTS, 2, cell="gnu")
    with pytest.raises(UnknownNameError, match="unknown pool: got 'min'"):
        Recurrent(INPUTS, 2, pool="min")
