"""LSTM, GRU and RNN: the same outputs as PyTorch's, the same gradients as a loop over samples."""

import pytest
import torch
from assay.platform.exceptions import ModelError
from assay.platform.privacy.bookkeeping import BookKeeping
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn


class Read(nn.Module):
    """A recurrent layer between two linear ones, or first; batch first outside."""

    def __init__(self, recurrent: nn.RNNBase, *, first: bool):
        super().__init__()
        self.before = nn.Identity() if first else nn.Linear(recurrent.input_size, recurrent.input_size)
        self.recurrent = recurrent
        self.after = nn.Linear(recurrent.hidden_size * (1 + recurrent.bidirectional), 2)

    def forward(self, rows):
        rows = self.before(rows)
        if self.recurrent.batch_first:
            units, last = self.recurrent(rows)
        else:
            units, last = self.recurrent(rows.transpose(0, 1))
            units = units.transpose(0, 1)
        last = sum(state.sum(0) for state in (last if isinstance(last, tuple) else (last,)))
        return torch.cat([self.after(units).flatten(1), last], dim=1)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from([nn.LSTM, nn.GRU, nn.RNN]),
    shape=st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 4)),
    units=st.integers(1, 5),
    layers=st.integers(1, 2),
    flags=st.tuples(*[st.booleans()] * 4),
)
def test_any_recurrent_layer_agrees(same_as_one_by_one, kind, shape, units, layers, flags):
    bias, batch_first, bidirectional, first = flags
    recurrent = kind(
        shape[-1], units, layers, bias=bias, batch_first=batch_first, bidirectional=bidirectional
    )
    same_as_one_by_one(Read(recurrent, first=first), torch.randn(*shape))


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_a_watched_layer_gives_what_pytorch_gives_from_any_start(kind):
    module = kind(3, 4, 2, bidirectional=True)
    inputs, state = torch.randn(5, 2, 3), torch.randn(4, 2, 4)
    start = (state, 2 * state) if kind is nn.LSTM else state
    expected, last = module(inputs, start)
    seen = []

    def loss():
        units, last = module(inputs, start)
        seen.append((units, last))
        return units.sum()

    engine = BookKeeping(module)
    engine.squared_norms(loss, 2)
    torch.testing.assert_close(seen[0], (expected, last))
    assert "forward" not in vars(module)


@pytest.mark.parametrize("frozen", ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"])
def test_frozen_recurrent_parameters_count_in_no_norm(frozen, same_as_one_by_one):
    for kind in (nn.LSTM, nn.GRU):
        module = Read(kind(3, 4, batch_first=True), first=True)
        getattr(module.recurrent, frozen).requires_grad_(False)
        same_as_one_by_one(module, torch.randn(4, 5, 3))


def test_packed_sequences_and_projections_are_refused():
    with pytest.raises(ModelError, match="proj_size"):
        BookKeeping(nn.LSTM(3, 4, proj_size=2))
    module = nn.LSTM(3, 4)
    packed = nn.utils.rnn.pack_sequence([torch.randn(3, 3), torch.randn(2, 3)])
    with pytest.raises(ModelError, match="PackedSequence"):
        BookKeeping(module).squared_norms(lambda: module(packed)[0].data.sum(), 2)
