"""LeNet-5, the first convolutional network that read cheques.

LeCun et al., "Gradient-Based Learning Applied to Document Recognition" (1998), section II,
http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf
"""

from torch import Tensor, nn

from .inputs import ImageInput
from .network import ImageNetwork

__all__ = ["LeNet"]


class LeNet(ImageNetwork):
    """Two 5×5 convolutions with tanh and average pooling, layers of 120 and 84 units, a linear head.

    Published for 32×32 pixels. Where the paper's maps of the second layer were connected to some of the first
    by a table, here, as everywhere since, to all. Smaller images are padded at each convolution, and pooled
    only while the maps stay at least 4×4.

    Args:
        inputs: the images' shape.
        outputs: number of classes, or 1 for regression.
        channels: maps of the first convolution; the second has 16/6 times as many.
    """

    def __init__(self, inputs: ImageInput, outputs: int, *, channels: int = 6):
        super().__init__()
        self.width, second = 84, round(channels * 16 / 6)
        height, width = inputs.height, inputs.width
        layers, before = [], inputs.channels
        for after in (channels, second):
            padding = 0 if min(height, width) >= 12 else 2
            layers += [nn.Conv2d(before, after, 5, padding=padding), nn.Tanh()]
            height, width, before = height + 2 * padding - 4, width + 2 * padding - 4, after
            if min(height, width) >= 8:
                layers.append(nn.AvgPool2d(2))
                height, width = height // 2, width // 2
        self.features, self.maps = nn.Sequential(*layers), nn.Identity()
        self.layers = nn.Sequential(
            nn.Linear(second * height * width, 120), nn.Tanh(), nn.Linear(120, self.width), nn.Tanh()
        )
        self.head = nn.Linear(self.width, outputs)

    def embed(self, images: Tensor) -> Tensor:
        """Maps of the second convolution, `(batch, 16, 5, 5)` for 32 pixels."""
        return self.maps(self.features(images))

    def trunk(self, embedded: Tensor) -> Tensor:
        """Hidden vector `(batch, 84)`."""
        return self.layers(embedded.flatten(1))
