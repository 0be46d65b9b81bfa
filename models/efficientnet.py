"""EfficientNet-B0: a small network found by search, made of inverted residuals.

Tan & Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" (2019), table 1,
https://arxiv.org/abs/1905.11946. Inverted residuals: Sandler et al. (2018),
https://arxiv.org/abs/1801.04381; squeeze and excitation: Hu et al. (2018), https://arxiv.org/abs/1709.01507;
whole blocks dropped: Huang et al., "Deep Networks with Stochastic Depth" (2016),
https://arxiv.org/abs/1603.09382
"""

import torch
from torch import Tensor, nn

from .inputs import ImageInput
from .network import ImageNetwork
from .norms import norm2d
from .small_images import Halving

__all__ = ["LAST", "STAGES", "STEM", "EfficientNetB0", "InvertedResidual", "SqueezeExcitation"]

STAGES = (
    # factor of the middle channels, kernel, halves, channels, blocks
    (1, 3, False, 16, 1),
    (6, 3, True, 24, 2),
    (6, 5, True, 40, 2),
    (6, 3, True, 80, 3),
    (6, 5, False, 112, 3),
    (6, 5, True, 192, 4),
    (6, 3, False, 320, 1),
)
STEM, LAST = 32, 1280


class EfficientNetB0(ImageNetwork):
    """A 3×3 stem, seven stages of inverted residuals, a 1×1 convolution, average pooling, a linear head.

    Args:
        inputs: the images' shape; below 160 pixels the stem doesn't halve, and a stage does only while the
            maps stay at least 4×4.
        outputs: number of classes, or 1 for regression.
        norm: after each convolution: `batch`, as published, or `group`.
        width: factor on all channels.
        dropout: share of pooled features dropped before the head.
        drop_block: chance that the last block is skipped in training; earlier ones less, in proportion.
    """

    def __init__(
        self,
        inputs: ImageInput,
        outputs: int,
        *,
        norm: str = "batch",
        width: float = 1.0,
        dropout: float = 0.2,
        drop_block: float = 0.2,
    ):
        super().__init__()
        halving, before, done = Halving(inputs), _rounded(STEM, width), 0
        stride = halving.stride() if halving.published else 1
        self.stages = _convolution(inputs.channels, before, 3, stride, 1, norm)
        blocks = sum(repeats for *_, repeats in STAGES)
        for factor, kernel, halves, channels, repeats in STAGES:
            stride, after = halving.stride() if halves else 1, _rounded(channels, width)
            for _ in range(repeats):
                skipped = drop_block * done / blocks
                self.stages.append(InvertedResidual(before, after, factor, kernel, stride, norm, skipped))
                before, stride, done = after, 1, done + 1
        self.width = _rounded(LAST, width)
        self.stages.extend(_convolution(before, self.width, 1, 1, 1, norm))
        self.maps, self.dropout = nn.Identity(), nn.Dropout(dropout)
        self.head = nn.Linear(self.width, outputs)

    def embed(self, images: Tensor) -> Tensor:
        """Maps of the last convolution, `(batch, width, h, w)`."""
        return self.maps(self.stages(images))

    def trunk(self, embedded: Tensor) -> Tensor:
        """Average over the maps, `(batch, width)`."""
        return self.dropout(embedded.mean(dim=(2, 3)))


class InvertedResidual(nn.Module):
    """1×1 up, each map convolved by itself, squeeze and excitation, 1×1 down; added where shapes agree."""

    def __init__(
        self, before: int, after: int, factor: int, kernel: int, stride: int, norm: str, skipped: float
    ):
        super().__init__()
        middle = before * factor
        self.layers = nn.Sequential()
        if factor != 1:
            self.layers.extend(_convolution(before, middle, 1, 1, 1, norm))
        self.layers.extend(_convolution(middle, middle, kernel, stride, middle, norm))
        self.layers.append(SqueezeExcitation(middle, max(1, before // 4)))
        self.layers.extend([nn.Conv2d(middle, after, 1, bias=False), norm2d(norm, after)])
        self.added, self.skipped = stride == 1 and before == after, skipped

    def forward(self, maps: Tensor) -> Tensor:
        """Map `(batch, before, h, w)` to `(batch, after, h / stride, w / stride)`."""
        found = self.layers(maps)
        if not self.added:
            return found
        if self.training and self.skipped:  # a coin a row; what remains is scaled up, so the mean stays
            kept = torch.rand(len(maps), 1, 1, 1, device=maps.device) >= self.skipped
            found = found * kept / (1 - self.skipped)
        return maps + found


class SqueezeExcitation(nn.Module):
    """Scale each map by a gate that sees the mean of all maps."""

    def __init__(self, channels: int, squeezed: int):
        super().__init__()
        self.gate = nn.Sequential(
            nn.Conv2d(channels, squeezed, 1), nn.SiLU(), nn.Conv2d(squeezed, channels, 1), nn.Sigmoid()
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Map `(batch, channels, h, w)` to the same shape."""
        return maps * self.gate(maps.mean(dim=(2, 3), keepdim=True))


def _convolution(before: int, after: int, kernel: int, stride: int, groups: int, norm: str) -> nn.Sequential:
    """Convolution, norm, SiLU."""
    return nn.Sequential(
        nn.Conv2d(before, after, kernel, stride, kernel // 2, groups=groups, bias=False),
        norm2d(norm, after),
        nn.SiLU(),
    )


def _rounded(channels: int, width: float) -> int:
    """Channels times the factor, to a multiple of 8 (section 5 of the MobileNets that this descends from)."""
    return max(8, round(channels * width / 8) * 8)
