"""Recurrent networks: read a sequence token by token, and keep a state.

RNN: Elman (1990); LSTM: Hochreiter & Schmidhuber (1997); GRU: Cho et al. (2014). Both directions: Schuster &
Paliwal, "Bidirectional Recurrent Neural Networks" (1997), https://doi.org/10.1109/78.650093. The equations of
a step are written out in `cells.py`; here torch's loops run them.

Shapes: B batch, T tokens, D width of a state, twice that with both directions.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from .unknown import UnknownNameError

__all__ = ["CELLS", "POOLS", "Recurrent"]

CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
"""Name to torch's loop."""

POOLS = ("last", "mean", "max")
"""How states become one vector: those at the end of each direction, their average, or their largest."""


class Recurrent(nn.Module):
    """Embedded tokens, recurrent layers, one vector a line, a linear head.

    Args:
        vocabulary: number of different tokens.
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
        vocabulary: int,
        outputs: int,
        *,
        cell: str = "lstm",
        token_width: int = 128,
        width: int = 128,
        depth: int = 1,
        bidirectional: bool = True,
        pool: str = "last",
        dropout: float = 0.1,
    ):
        super().__init__()
        if cell not in CELLS:
            raise UnknownNameError("cell", cell, CELLS)
        if pool not in POOLS:
            raise UnknownNameError("pool", pool, POOLS)
        self.pool, self.width = pool, width * (1 + bidirectional)
        self.embedding, self.dropout = nn.Embedding(vocabulary, token_width), nn.Dropout(dropout)
        self.layers = CELLS[cell](
            token_width, width, depth, batch_first=True, bidirectional=bidirectional,
            dropout=dropout if depth > 1 else 0.0,
        )  # fmt: skip
        self.head = nn.Linear(self.width, outputs)

    def forward(self, tokens: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits `(B, outputs)` from tokens `(B, T)` and their true lengths `(B,)`, each at least 1."""
        return self.head(self.dropout(self.encode(tokens, lengths)))

    def encode(self, tokens: Tensor, lengths: Tensor | None = None) -> Tensor:
        """One vector a line, `(B, width)`: what lies behind its length is never read."""
        lengths = tokens.new_full((len(tokens),), tokens.shape[1]) if lengths is None else lengths
        states, last = self.read(tokens, lengths)
        if self.pool == "last":
            return last
        behind = torch.arange(states.shape[1], device=states.device) >= lengths.unsqueeze(1)
        if self.pool == "max":
            return states.masked_fill(behind.unsqueeze(2), -torch.inf).amax(dim=1)
        return states.sum(dim=1) / lengths.unsqueeze(1)  # states behind the end are zero

    def read(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """States of the last layer `(B, longest, width)`, zero behind the end, and the final `(B, width)`.

        Backwards starts at the true end of each line, which is why they are packed.
        """
        embedded = self.dropout(self.embedding(tokens))
        packed = pack_padded_sequence(embedded, lengths.cpu(), batch_first=True, enforce_sorted=False)
        states, final = self.layers(packed)
        hidden = final[0] if isinstance(final, tuple) else final  # an LSTM has its memory beside
        directions = 1 + self.layers.bidirectional
        last = hidden[-directions:].transpose(0, 1).flatten(1)  # (directions, B, D) to (B, width)
        return pad_packed_sequence(states, batch_first=True)[0], last
