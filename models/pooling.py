"""One vector a line from the vectors of its tokens.

Shapes: B batch, T tokens, D width; true lengths `(B,)`, each at least 1. What lies behind a line's end has no
part in any of them.
"""

import torch
from torch import Tensor

__all__ = ["POOLS", "pool_first", "pool_last", "pool_max", "pool_mean"]


def pool_first(states: Tensor, lengths: Tensor) -> Tensor:
    """The first token's, `(B, D)`: in an encoder it has looked at all others."""
    return states[:, 0]


def pool_last(states: Tensor, lengths: Tensor) -> Tensor:
    """The last token's, `(B, D)`: the only one that has seen the whole line where none looks ahead."""
    return states[torch.arange(len(states), device=states.device), lengths - 1]


def pool_mean(states: Tensor, lengths: Tensor) -> Tensor:
    """The average, `(B, D)`."""
    return states.masked_fill(_behind(states, lengths), 0.0).sum(dim=1) / lengths.unsqueeze(1)


def pool_max(states: Tensor, lengths: Tensor) -> Tensor:
    """The largest of each component, `(B, D)`."""
    return states.masked_fill(_behind(states, lengths), -torch.inf).amax(dim=1)


POOLS = {"first": pool_first, "last": pool_last, "mean": pool_mean, "max": pool_max}
"""Name to function."""


def _behind(states: Tensor, lengths: Tensor) -> Tensor:
    """Places behind the end, `(B, T, 1)`."""
    places = torch.arange(states.shape[1], device=states.device)
    return (places >= lengths.unsqueeze(1)).unsqueeze(2)
