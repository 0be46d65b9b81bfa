"""VGG: depth by stacking 3×3 convolutions.

Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition" (2015), table 1,
columns A, B, D and E, https://arxiv.org/abs/1409.1556
"""

from torch import Tensor, nn

from .inputs import ImageInput
from .network import ImageNetwork
from .norms import norm2d
from .small_images import Halving

__all__ = ["CONVOLUTIONS", "VGG"]

CONVOLUTIONS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
"""Layers with weights in all, to convolutions before each of the five poolings."""

_CHANNELS = (64, 128, 256, 512, 512)
_LARGEST_GRID = 7
_HIDDEN = 4096


class VGG(ImageNetwork):
    """Five groups of 3×3 convolutions, each pooled, two layers of 4,096 units with dropout, a linear head.

    Args:
        inputs: the images' shape; below 160 pixels pooling stops at 4×4 maps.
        outputs: number of classes, or 1 for regression.
        depth: 11, 13, 16 or 19 layers with weights.
        norm: after each convolution: `none`, as published, `batch` or `group`. Without one, it learns from
            scratch only with patience: the paper began with 11 layers and grew them.
        width: factor on all channels and hidden units.
        dropout: share of hidden units dropped.
    """

    def __init__(
        self,
        inputs: ImageInput,
        outputs: int,
        *,
        depth: int = 16,
        norm: str = "batch",
        width: float = 1.0,
        dropout: float = 0.5,
    ):
        super().__init__()
        if depth not in CONVOLUTIONS:
            raise ValueError(f"depth: got {depth}, expected one of {', '.join(map(str, CONVOLUTIONS))}")
        halving, before = Halving(inputs), inputs.channels
        layers: list[nn.Module] = []
        for channels, repeats in zip(_CHANNELS, CONVOLUTIONS[depth], strict=True):
            after = round(channels * width)
            for _ in range(repeats):
                layers += [nn.Conv2d(before, after, 3, padding=1), norm2d(norm, after), nn.ReLU()]
                before = after
            if halving.stride() == 2:
                layers.append(nn.MaxPool2d(2, ceil_mode=not halving.published))
        grid = min(_LARGEST_GRID, halving.side)
        self.features, self.maps, self.pool = (
            nn.Sequential(*layers),
            nn.Identity(),
            nn.AdaptiveAvgPool2d(grid),
        )
        self.width = round(_HIDDEN * width)
        self.layers = nn.Sequential(
            nn.Linear(before * grid**2, self.width), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(self.width, self.width), nn.ReLU(), nn.Dropout(dropout),
        )  # fmt: skip
        self.head = nn.Linear(self.width, outputs)
        for module in self.features:
            if isinstance(module, nn.Conv2d):  # without it, sixteen layers give the same answer to everything
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]

    def embed(self, images: Tensor) -> Tensor:
        """Maps after the last pooling, `(batch, 512, h, w)`."""
        return self.maps(self.features(images))

    def trunk(self, embedded: Tensor) -> Tensor:
        """Hidden vector `(batch, width)`."""
        return self.layers(self.pool(embedded).flatten(1))
