"""Where a token stands: attention alone doesn't know the order.

Vaswani et al., "Attention Is All You Need" (2017), section 3.5, https://arxiv.org/abs/1706.03762:

    P[t, 2i] = sin(t / 10000^(2i / width)),  P[t, 2i + 1] = cos(t / 10000^(2i / width))

They compare it with learned vectors, one a place, and find no difference.
"""

import torch
from torch import Tensor, nn

from .unknown import UnknownNameError

__all__ = ["POSITIONS", "LearnedPositions", "SinusoidalPositions", "positions", "sinusoidal_positions"]


def sinusoidal_positions(length: int, width: int) -> Tensor:
    """Waves from short to long, sine and cosine in turn, `(length, width)`.

    A place that lies `k` further is the same rotation from anywhere, so relative places are easy to learn.
    """
    if width % 2:
        raise ValueError(f"width of a position: got {width}, expected an even one: sine and cosine")
    frequencies = 10_000 ** (-torch.arange(0, width, 2) / width)
    angles = torch.arange(length).unsqueeze(1) * frequencies  # (length, width / 2)
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)


class SinusoidalPositions(nn.Module):
    """Fixed vectors: nothing to learn.

    Args:
        length: most tokens of a sequence.
        width: components of a token, even.
    """

    table: Tensor

    def __init__(self, length: int, width: int):
        super().__init__()
        self.register_buffer("table", sinusoidal_positions(length, width), persistent=False)

    def forward(self, tokens: Tensor, start: int = 0) -> Tensor:
        """Vectors of the places of tokens `(B, T)` from `start` on, `(B, T, width)`."""
        return self.table[_places(tokens, start, len(self.table))]


class LearnedPositions(nn.Module):
    """One learned vector a place; a place that training never reached knows nothing.

    Args:
        length: most tokens of a sequence.
        width: components of a token.
    """

    def __init__(self, length: int, width: int):
        super().__init__()
        self.table = nn.Embedding(length, width)
        nn.init.normal_(self.table.weight, std=0.02)

    def forward(self, tokens: Tensor, start: int = 0) -> Tensor:
        """Vectors of the places of tokens `(B, T)` from `start` on, `(B, T, width)`."""
        return self.table(_places(tokens, start, self.table.num_embeddings))


POSITIONS = {"sinusoidal": SinusoidalPositions, "learned": LearnedPositions}
"""Name to class."""


def positions(kind: str, length: int, width: int) -> SinusoidalPositions | LearnedPositions:
    """Positions by their name.

    Raises:
        UnknownNameError: no such kind.
    """
    if kind not in POSITIONS:
        raise UnknownNameError("positions", kind, POSITIONS)
    return POSITIONS[kind](length, width)


def _places(tokens: Tensor, start: int, length: int) -> Tensor:
    """The place of each token, `(B, T)`: looked up line by line, as private training wants it."""
    end = start + tokens.shape[1]
    if end > length:
        raise ValueError(
            f"length of a sequence: got {end} tokens, expected at most {length};"
            " build the network for longer ones or cut the sequence"
        )
    return torch.arange(start, end, device=tokens.device).expand(len(tokens), -1)
