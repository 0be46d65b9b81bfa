"""Normalization of feature maps: over the batch, or over groups of channels, which private training needs.

Ioffe & Szegedy, "Batch Normalization" (2015), https://arxiv.org/abs/1502.03167; Wu & He, "Group
Normalization" (2018), https://arxiv.org/abs/1803.08494
"""

import math

from torch import nn

__all__ = ["GROUPS", "norm2d"]

GROUPS = 32
"""Most groups of a group norm: the paper's default; fewer where they don't divide the channels."""


def norm2d(kind: str, channels: int) -> nn.Module:
    """The normalization of `(batch, channels, h, w)` maps.

    Args:
        kind: `batch`; `group`, by which no row depends on the others, so differential privacy allows it; or
            `none`.
        channels: of the maps.

    Raises:
        ValueError: another kind.
    """
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    if kind == "group":
        return nn.GroupNorm(math.gcd(GROUPS, channels), channels)
    if kind == "none":
        return nn.Identity()
    raise ValueError(f"norm: got {kind!r}, expected batch, group or none")
