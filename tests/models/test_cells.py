"""The written-out equations against torch's cells."""

import torch
from assay.models.cells import gru_step, lstm_step, rnn_step
from torch import nn

CLOSE = {"rtol": 1e-6, "atol": 1e-6}


def weights(cell: nn.RNNCellBase) -> tuple[torch.Tensor, ...]:
    """W, U, b, c."""
    return cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh


def test_a_step_of_an_rnn_is_torchs():
    cell, x, h = nn.RNNCell(5, 4), torch.randn(3, 5), torch.randn(3, 4)
    torch.testing.assert_close(rnn_step(x, h, *weights(cell)), cell(x, h), **CLOSE)


def test_a_step_of_an_lstm_is_torchs():
    cell, x, state = nn.LSTMCell(5, 4), torch.randn(3, 5), (torch.randn(3, 4), torch.randn(3, 4))
    torch.testing.assert_close(lstm_step(x, state, *weights(cell)), cell(x, state), **CLOSE)


def test_a_step_of_a_gru_is_torchs():
    cell, x, h = nn.GRUCell(5, 4), torch.randn(3, 5), torch.randn(3, 4)
    torch.testing.assert_close(gru_step(x, h, *weights(cell)), cell(x, h), **CLOSE)
