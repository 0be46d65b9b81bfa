"""Recurrent networks: read a text token by token, and keep a state.

RNN: Elman (1990), https://doi.org/10.1207/s15516709cog1402_1; LSTM: Hochreiter & Schmidhuber (1997),
https://doi.org/10.1162/neco.1997.9.8.1735; GRU: Cho et al. (2014), https://arxiv.org/abs/1406.1078. Both
directions: Schuster & Paliwal, "Bidirectional Recurrent Neural Networks" (1997),
https://doi.org/10.1109/78.650093. The equations of a step are written out in `cells.py`; here torch's loops
run them.

Shapes: B batch, T tokens, D width of a state, twice that with both directions.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from .inputs import TextInput
from .network import TextNetwork
from .pooling import pool_last, pool_max, pool_mean
from .unknown import UnknownNameError

__all__ = ["CELLS", "POOLS", "Recurrent"]

CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
"""Name to torch's loop."""

POOLS = ("last", "mean", "max")
"""How states become one vector: those at the end of each direction, their average, or their largest."""


class Recurrent(TextNetwork):
    """Embedded tokens, recurrent layers, one vector a line, dropout and a linear head.

    Args:
        inputs: vocabulary and length of the lines.
        outputs: number of classes, or 1 for regression.
        cell: `rnn`, `lstm` or `gru`.
        token_width: components of an embedded token.
        width: components of a state, in each direction.
        depth: layers.
        bidirectional: read backwards too.
        pool: `last`, `mean` or `max`.
        dropout: share of tokens' components, and of states between layers and before the head, dropped.
    """

    def __init__(
        self,
        inputs: TextInput,
        outputs: int,
        *,
        cell: str = "lstm",
        token_width: int = 128,
        width: int = 128,
        depth: int = 1,
        bidirectional: bool = True,
        pool: str = "max",
        dropout: float = 0.1,
    ):
        super().__init__()
        if cell not in CELLS:
            raise UnknownNameError("cell", cell, CELLS)
        if pool not in POOLS:
            raise UnknownNameError("pool", pool, POOLS)
        self.pooled, self.width = pool, width * (1 + bidirectional)
        self.tokens, self.dropout = nn.Embedding(inputs.vocabulary, token_width), nn.Dropout(dropout)
        self.layers = CELLS[cell](
            token_width, width, depth, batch_first=True, bidirectional=bidirectional,
            dropout=dropout if depth > 1 else 0.0,
        )  # fmt: skip
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(self.width, outputs))

    def states(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """States of the last layer, `(B, T, width)`, zero behind the end.

        Backwards starts at the true end of each line, which is why they are packed.
        """
        embedded = self.dropout(self.tokens(tokens))
        packed = pack_padded_sequence(embedded, lengths.cpu(), batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.layers(packed)[0], batch_first=True, total_length=tokens.shape[1])[0]

    def pool(self, states: Tensor, lengths: Tensor) -> Tensor:
        """One vector a line, `(B, width)`."""
        if self.pooled != "last":
            return (pool_mean if self.pooled == "mean" else pool_max)(states, lengths)
        if not self.layers.bidirectional:
            return pool_last(states, lengths)
        forwards, backwards = states.chunk(2, dim=2)
        return torch.cat([pool_last(forwards, lengths), backwards[:, 0]], dim=1)
