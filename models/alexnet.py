"""AlexNet, which won ImageNet in 2012, in the form of one tower.

Krizhevsky, Sutskever & Hinton, "ImageNet Classification with Deep Convolutional Neural Networks" (2012),
https://papers.nips.cc/paper/4824; one tower: Krizhevsky, "One Weird Trick for Parallelizing Convolutional
Neural Networks" (2014), section 5, https://arxiv.org/abs/1404.5997
"""

from torch import Tensor, nn

from .inputs import ImageInput
from .network import ImageNetwork
from .small_images import Halving

__all__ = ["AlexNet"]

_CHANNELS = (64, 192, 384, 256, 256)
_POOLED = (True, True, False, False, True)
_LARGEST_GRID = 6
_HIDDEN = 4096


class AlexNet(ImageNetwork):
    """Five convolutions, three of them pooled, two layers of 4,096 units with dropout, a linear head.

    Args:
        inputs: the images' shape; below 160 pixels the first convolution is 3×3, and pooling stops at 4×4.
        outputs: number of classes, or 1 for regression.
        width: factor on all channels and hidden units.
        dropout: share of units dropped before each hidden layer.
    """

    def __init__(self, inputs: ImageInput, outputs: int, *, width: float = 1.0, dropout: float = 0.5):
        super().__init__()
        halving, before = Halving(inputs), inputs.channels
        kernels = (11, 5, 3, 3, 3) if halving.published else (3, 3, 3, 3, 3)
        layers: list[nn.Module] = []
        for number, (channels, kernel, pooled) in enumerate(zip(_CHANNELS, kernels, _POOLED, strict=True)):
            after, first = round(channels * width), halving.published and number == 0
            stride, padding = (4, 2) if first else (1, kernel // 2)
            layers += [nn.Conv2d(before, after, kernel, stride, padding), nn.ReLU()]
            if pooled and halving.stride() == 2:
                layers.append(nn.MaxPool2d(3, 2, padding=0 if halving.published else 1))
            before = after
        grid = _LARGEST_GRID if halving.published else min(_LARGEST_GRID, halving.side)
        self.features, self.maps, self.pool = (
            nn.Sequential(*layers),
            nn.Identity(),
            nn.AdaptiveAvgPool2d(grid),
        )
        self.width = round(_HIDDEN * width)
        self.layers = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(before * grid**2, self.width), nn.ReLU(),
            nn.Dropout(dropout), nn.Linear(self.width, self.width), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Linear(self.width, outputs)

    def embed(self, images: Tensor) -> Tensor:
        """Maps of the last convolution, `(batch, 256, h, w)`."""
        return self.maps(self.features(images))

    def trunk(self, embedded: Tensor) -> Tensor:
        """Hidden vector `(batch, width)`."""
        return self.layers(self.pool(embedded).flatten(1))
