"""GoogLeNet: modules of parallel convolutions, and heads in the middle that keep gradients alive.

Szegedy et al., "Going Deeper with Convolutions" (2015), table 1 and section 5,
https://arxiv.org/abs/1409.4842. With `norm: batch` it is what came next: Ioffe & Szegedy, "Batch
Normalization" (2015), https://arxiv.org/abs/1502.03167
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from .inputs import ImageInput
from .network import ImageNetwork
from .norms import norm2d
from .small_images import Halving

__all__ = ["GoogLeNet", "Inception"]


class _Row(NamedTuple):
    """A module of table 1: channels of its branches, and what stands behind it."""

    one: int
    three_reduce: int
    three: int
    five_reduce: int
    five: int
    pool: int
    then: str = ""
    """`pool`: max pooling follows. `head`: an auxiliary head looks at its output."""


_MODULES = (
    _Row(64, 96, 128, 16, 32, 32),
    _Row(128, 128, 192, 32, 96, 64, "pool"),
    _Row(192, 96, 208, 16, 48, 64, "head"),
    _Row(160, 112, 224, 24, 64, 64),
    _Row(128, 128, 256, 24, 64, 64),
    _Row(112, 144, 288, 32, 64, 64, "head"),
    _Row(256, 160, 320, 32, 128, 128, "pool"),
    _Row(256, 160, 320, 32, 128, 128),
    _Row(384, 192, 384, 48, 128, 128),
)


class GoogLeNet(ImageNetwork):
    """A stem, nine inception modules, average pooling, a linear head, and two auxiliary heads for training.

    Args:
        inputs: the images' shape; below 160 pixels the stem is one 3×3 convolution, and pooling stops at 4×4.
        outputs: number of classes, or 1 for regression.
        norm: after each convolution: `none`, as published, `batch` or `group`.
        width: factor on all channels.
        dropout: share of pooled features dropped before the head.
        auxiliary: whether there are auxiliary heads; their losses count in training alone.
    """

    def __init__(
        self,
        inputs: ImageInput,
        outputs: int,
        *,
        norm: str = "batch",
        width: float = 1.0,
        dropout: float = 0.4,
        auxiliary: bool = True,
    ):
        super().__init__()
        halving = Halving(inputs)
        stem, before = _stem(inputs.channels, width, norm, halving)
        parts, stage = [], nn.Sequential(*stem)
        heads = nn.ModuleList()
        for row in _MODULES:
            module = Inception(before, row, width, norm)
            stage.append(module)
            before = module.channels
            if row.then == "pool" and halving.stride() == 2:
                stage.append(nn.MaxPool2d(3, 2, padding=1))
            elif row.then == "head" and auxiliary:
                parts.append(stage)
                heads.append(_head(before, outputs, width, norm))
                stage = nn.Sequential()
        self.parts, self.heads = nn.ModuleList([*parts, stage]), heads
        self.width, self.maps, self.dropout = before, nn.Identity(), nn.Dropout(dropout)
        self.head = nn.Linear(self.width, outputs)

    def embed(self, images: Tensor) -> Tensor:
        """Maps of the last module, `(batch, 1024, h, w)`."""
        for part in self.parts:
            images = part(images)
        return self.maps(images)

    def trunk(self, embedded: Tensor) -> Tensor:
        """Average over the maps, `(batch, width)`."""
        return self.dropout(embedded.mean(dim=(2, 3)))

    def forward_with_auxiliary(self, images: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Logits `(batch, outputs)`, and those of each auxiliary head."""
        found, maps = [], images
        for part, head in zip(self.parts[:-1], self.heads, strict=True):
            maps = part(maps)
            found.append(head(maps))
        return self.from_feature_maps(self.maps(self.parts[-1](maps))), tuple(found)


class Inception(nn.Module):
    """1×1, 3×3 and 5×5 convolutions and a pooling side by side, each behind or before a 1×1 that thins it.

    Args:
        before: channels that come in.
        row: channels of the branches.
        width: factor on them.
        norm: after each convolution.
    """

    def __init__(self, before: int, row: _Row, width: float, norm: str):
        super().__init__()
        one, three_reduce, three, five_reduce, five, pool = (round(c * width) for c in row[:6])
        self.channels = one + three + five + pool
        self.branches = nn.ModuleList(
            [
                _convolution(before, one, 1, norm),
                _convolution(before, three_reduce, 1, norm).extend(
                    _convolution(three_reduce, three, 3, norm)
                ),
                _convolution(before, five_reduce, 1, norm).extend(_convolution(five_reduce, five, 5, norm)),
                nn.Sequential(nn.MaxPool2d(3, 1, 1)).extend(_convolution(before, pool, 1, norm)),
            ]
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Map `(batch, before, h, w)` to `(batch, channels, h, w)`."""
        return torch.cat([branch(maps) for branch in self.branches], dim=1)


def _stem(channels: int, width: float, norm: str, halving: Halving) -> tuple[list[nn.Module], int]:
    """The layers before the first module, and the channels that they give."""
    first, second = round(64 * width), round(192 * width)
    if not halving.published:
        return list(_convolution(channels, second, 3, norm)), second
    layers = [
        *_convolution(channels, first, 7, norm, halving.stride()), nn.MaxPool2d(3, halving.stride(), 1),
        *_convolution(first, first, 1, norm), *_convolution(first, second, 3, norm),
        nn.MaxPool2d(3, halving.stride(), 1),
    ]  # fmt: skip
    return layers, second


def _head(before: int, outputs: int, width: float, norm: str) -> nn.Sequential:
    """Average pooling to 4×4, a 1×1 convolution of 128 maps, 1,024 units, dropout of 70%, a linear head."""
    channels, hidden = round(128 * width), round(1024 * width)
    return nn.Sequential(
        nn.AdaptiveAvgPool2d(4), *_convolution(before, channels, 1, norm), nn.Flatten(),
        nn.Linear(channels * 16, hidden), nn.ReLU(), nn.Dropout(0.7), nn.Linear(hidden, outputs),
    )  # fmt: skip


def _convolution(before: int, after: int, kernel: int, norm: str, stride: int = 1) -> nn.Sequential:
    """Convolution, norm, ReLU; with a norm, a bias would do nothing."""
    return nn.Sequential(
        nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=norm == "none"),
        norm2d(norm, after),
        nn.ReLU(),
    )
