"""Residual networks: each block learns what to add to its input.

He et al., "Deep Residual Learning for Image Recognition" (2016), table 1, https://arxiv.org/abs/1512.03385.
A bottleneck strides in its 3×3 convolution, not in the first 1×1, as every library does since.
"""

from torch import Tensor, nn

from .inputs import ImageInput
from .network import ImageNetwork
from .norms import norm2d
from .small_images import Halving

__all__ = ["BLOCKS", "Basic", "Bottleneck", "ResNet"]

BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
"""Layers with weights, to blocks of each of the four stages."""


class ResNet(ImageNetwork):
    """A 7×7 stem with pooling, four stages of residual blocks, average pooling, a linear head.

    Args:
        inputs: the images' shape; below 160 pixels the stem is one 3×3 convolution, and a stage halves the
            maps only while they stay at least 4×4 (section 4.2 of the paper does so for CIFAR).
        outputs: number of classes, or 1 for regression.
        depth: 18 or 34 (basic blocks), 50, 101 or 152 (bottlenecks).
        norm: after each convolution: `batch`, as published, or `group`.
        width: factor on all channels.
        dropout: share of pooled features dropped before the head.
    """

    def __init__(
        self,
        inputs: ImageInput,
        outputs: int,
        *,
        depth: int = 18,
        norm: str = "batch",
        width: float = 1.0,
        dropout: float = 0.0,
    ):
        super().__init__()
        if depth not in BLOCKS:
            raise ValueError(f"depth: got {depth}, expected one of {', '.join(map(str, BLOCKS))}")
        block, halving, before = Basic if depth < 50 else Bottleneck, Halving(inputs), round(64 * width)
        self.stages = nn.Sequential(*_stem(inputs.channels, before, norm, halving))
        for stage, repeats in enumerate(BLOCKS[depth]):
            channels, stride = round(64 * width) * 2**stage, halving.stride() if stage else 1
            for _ in range(repeats):
                self.stages.append(block(before, channels, stride, norm))
                before, stride = channels * block.expansion, 1
        self.width, self.maps, self.dropout = before, nn.Identity(), nn.Dropout(dropout)
        self.head = nn.Linear(self.width, outputs)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def embed(self, images: Tensor) -> Tensor:
        """Maps of the last stage, `(batch, width, h, w)`."""
        return self.maps(self.stages(images))

    def trunk(self, embedded: Tensor) -> Tensor:
        """Average over the maps, `(batch, width)`."""
        return self.dropout(embedded.mean(dim=(2, 3)))


class _Residual(nn.Module):
    """`relu(F(x) + shortcut(x))`; the shortcut is a 1×1 convolution where the shape changes."""

    expansion = 1

    def __init__(self, before: int, channels: int, stride: int, norm: str, layers: list[nn.Module]):
        super().__init__()
        after = channels * self.expansion
        self.layers, self.activation = nn.Sequential(*layers), nn.ReLU()
        self.shortcut = nn.Identity()
        if stride != 1 or before != after:
            self.shortcut = nn.Sequential(
                nn.Conv2d(before, after, 1, stride, bias=False), norm2d(norm, after)
            )

    def forward(self, maps: Tensor) -> Tensor:
        """Map `(batch, before, h, w)` to `(batch, channels × expansion, h / stride, w / stride)`."""
        return self.activation(self.layers(maps) + self.shortcut(maps))


class Basic(_Residual):
    """Two 3×3 convolutions."""

    def __init__(self, before: int, channels: int, stride: int, norm: str):
        layers = [
            nn.Conv2d(before, channels, 3, stride, 1, bias=False), norm2d(norm, channels), nn.ReLU(),
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False), norm2d(norm, channels),
        ]  # fmt: skip
        super().__init__(before, channels, stride, norm, layers)


class Bottleneck(_Residual):
    """1×1 down, 3×3, 1×1 up to four times the channels."""

    expansion = 4

    def __init__(self, before: int, channels: int, stride: int, norm: str):
        after = channels * self.expansion
        layers = [
            nn.Conv2d(before, channels, 1, bias=False), norm2d(norm, channels), nn.ReLU(),
            nn.Conv2d(channels, channels, 3, stride, 1, bias=False), norm2d(norm, channels), nn.ReLU(),
            nn.Conv2d(channels, after, 1, bias=False), norm2d(norm, after),
        ]  # fmt: skip
        super().__init__(before, channels, stride, norm, layers)


def _stem(channels: int, after: int, norm: str, halving: Halving) -> list[nn.Module]:
    """7×7 with stride 2 and 3×3 max pooling; one 3×3 convolution for small images."""
    if not halving.published:
        return [nn.Conv2d(channels, after, 3, padding=1, bias=False), norm2d(norm, after), nn.ReLU()]
    first = nn.Conv2d(channels, after, 7, halving.stride(), 3, bias=False)
    return [first, norm2d(norm, after), nn.ReLU(), nn.MaxPool2d(3, halving.stride(), 1)]
