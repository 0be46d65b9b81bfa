"""EfficientNet-Lite0: EfficientNet-B0 for phones, without squeeze and excitation, and with ReLU6.

Liu, "Higher accuracy on vision models with EfficientNet-Lite" (TensorFlow blog, 2020),
https://blog.tensorflow.org/2020/03/higher-accuracy-on-vision-models-with-efficientnet-lite.html; the network
that it goes back to: Tan & Le (2019), table 1, https://arxiv.org/abs/1905.11946. Its authors' code,
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite, fixes what a paper leaves
open: stem and last convolution keep their width in every size, a convolution pads as TensorFlow's `SAME`, and
norms have an epsilon of 0.001. The modules have the names under which its weights are spread for PyTorch.
"""

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from .efficientnet import LAST, STAGES, STEM
from .inputs import ImageInput
from .network import ImageNetwork
from .norms import norm2d
from .small_images import Halving

__all__ = ["EfficientNetLite0"]

_EPSILON, _MOMENTUM = 1e-3, 0.01


class EfficientNetLite0(ImageNetwork):
    """A 3×3 stem, sixteen inverted residuals, a 1×1 convolution, average pooling, a linear head.

    Args:
        inputs: the images' shape; below 160 pixels the stem doesn't halve, and a stage does only while the
            maps stay at least 4×4.
        outputs: number of classes, or 1 for regression.
        norm: after each convolution: `batch`, as published, or `group`.
        width: factor on the channels of the stages; stem and last convolution are fixed.
        dropout: share of pooled features dropped before the head.
    """

    def __init__(
        self,
        inputs: ImageInput,
        outputs: int,
        *,
        norm: str = "batch",
        width: float = 1.0,
        dropout: float = 0.2,
    ):
        super().__init__()
        halving, before = Halving(inputs), STEM
        self.conv_stem = _Same(inputs.channels, STEM, 3, halving.stride() if halving.published else 1)
        self.bn0 = _norm(norm, STEM)
        self.blocks = nn.ModuleList()
        for factor, kernel, halves, channels, repeats in STAGES:
            stride, after = halving.stride() if halves else 1, _rounded(channels, width)
            for _ in range(repeats):
                self.blocks.append(_Block(before, after, factor, kernel, stride, norm))
                before, stride = after, 1
        self.conv_head, self.bn1 = _Same(before, LAST, 1), _norm(norm, LAST)
        self.width, self.maps, self.dropout = LAST, nn.Identity(), nn.Dropout(dropout)
        self.head = nn.Linear(LAST, outputs)

    def embed(self, images: Tensor) -> Tensor:
        """Maps of the last convolution, `(batch, width, h, w)`."""
        maps = F.relu6(self.bn0(self.conv_stem(images)))
        for block in self.blocks:
            maps = block(maps)
        return self.maps(F.relu6(self.bn1(self.conv_head(maps))))

    def trunk(self, embedded: Tensor) -> Tensor:
        """Average over the maps, `(batch, width)`."""
        return self.dropout(embedded.mean(dim=(2, 3)))


class _Block(nn.Module):
    """1×1 up, each map convolved by itself, 1×1 down; added where shapes agree."""

    def __init__(self, before: int, after: int, factor: int, kernel: int, stride: int, norm: str):
        super().__init__()
        middle = before * factor
        self.expand_conv = _Same(before, middle, 1) if factor != 1 else None
        self.bn0 = _norm(norm, middle) if factor != 1 else nn.Identity()
        self.depthwise_conv = _Same(middle, middle, kernel, stride, groups=middle)
        self.bn1 = _norm(norm, middle)
        self.project_conv, self.bn2 = _Same(middle, after, 1), _norm(norm, after)
        self.added = stride == 1 and before == after

    def forward(self, maps: Tensor) -> Tensor:
        """Map `(batch, before, h, w)` to `(batch, after, h / stride, w / stride)`."""
        found = maps if self.expand_conv is None else F.relu6(self.bn0(self.expand_conv(maps)))
        found = F.relu6(self.bn1(self.depthwise_conv(found)))
        found = self.bn2(self.project_conv(found))
        return maps + found if self.added else found


class _Same(nn.Conv2d):
    """A convolution without bias that pads so that `ceil(side / stride)` comes out, an odd pixel behind."""

    def __init__(self, before: int, after: int, kernel: int, stride: int = 1, **options: Any):
        super().__init__(before, after, kernel, stride, bias=False, **options)

    def forward(self, input: Tensor) -> Tensor:
        """Map `(batch, before, h, w)` to `(batch, after, ceil(h / stride), ceil(w / stride))`."""
        around: list[int] = []
        for side, kernel, stride in zip(input.shape[:1:-1], self.kernel_size, self.stride, strict=True):
            short = max((-(-side // stride) - 1) * stride + kernel - side, 0)
            around += [short // 2, short - short // 2]
        return super().forward(F.pad(input, around))


def _norm(name: str, channels: int) -> nn.Module:
    norm = norm2d(name, channels)
    if isinstance(norm, nn.BatchNorm2d):
        norm.momentum = _MOMENTUM
    if isinstance(norm, nn.BatchNorm2d | nn.GroupNorm):
        norm.eps = _EPSILON
    return norm


def _rounded(channels: int, width: float) -> int:
    """Channels times the factor, to a multiple of 8."""
    return max(8, round(channels * width / 8) * 8)
