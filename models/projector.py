"""The head in whose output self-supervised methods compare views; it is thrown away afterwards."""

from collections.abc import Callable
from itertools import pairwise

from torch import nn

__all__ = ["projector"]


def projector(*sizes: int, norm: Callable[[int], nn.Module] = nn.LayerNorm) -> nn.Sequential:
    """Linear layers, a norm and a ReLU between two of them.

    Where the papers normalize over the batch, this normalizes each row (Ba et al., "Layer Normalization",
    2016, https://arxiv.org/abs/1607.06450): no row's projection depends on the others.

    Args:
        *sizes: components before the first layer, between layers, and after the last.
        norm: makes the norm of so many components.
    """
    layers = nn.Sequential()
    for before, after in pairwise(sizes):
        if layers:
            layers.extend([norm(before), nn.ReLU()])
        layers.append(nn.Linear(before, after))
    return layers
