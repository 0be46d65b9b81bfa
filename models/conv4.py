"""The four-block network that few-shot learning is compared on.

Vinyals et al., "Matching Networks for One Shot Learning" (2016), section 4.1.1,
https://arxiv.org/abs/1606.04080
"""

from torch import Tensor, nn

from .inputs import ImageInput
from .network import ImageNetwork
from .norms import norm2d

__all__ = ["Conv4"]


class Conv4(ImageNetwork):
    """Four blocks of 3×3 convolution, norm, ReLU and 2×2 max-pooling; maps of 1×1 are left of 28×28 pixels.

    Of smaller images, too, every block sees maps of 3×3 or more: before the last, smaller ones aren't made.
    Group normalization would leave nothing of a single pixel.

    Args:
        inputs: the images' shape.
        outputs: number of classes, or 1 for regression; a prototypical network leaves the head alone.
        width: filters of a block.
        norm: `batch`, `group` or `none`.
    """

    def __init__(self, inputs: ImageInput, outputs: int, *, width: int = 64, norm: str = "batch"):
        super().__init__()
        height, across, before = inputs.height, inputs.width, inputs.channels
        layers: list[nn.Module] = []
        cut = 0
        for block in range(1, 5):
            layers += [nn.Conv2d(before, width, 3, padding=1), norm2d(norm, width), nn.ReLU()]
            cut = len(layers) if min(height, across) >= 4 else cut
            if min(height, across) >= 6 or block == 4:
                layers.append(nn.MaxPool2d(2))
                height, across = height // 2, across // 2
            before = width
        self.features, self.maps = nn.Sequential(*layers[:cut]), nn.Identity()
        self.rest = nn.Sequential(*layers[cut:], nn.Flatten())
        self.width = width * height * across
        self.head = nn.Linear(self.width, outputs)

    def embed(self, images: Tensor) -> Tensor:
        """The last maps of at least 4×4: of 28 pixels block 3, `(batch, 64, 7, 7)`, not yet pooled."""
        return self.maps(self.features(images))

    def trunk(self, embedded: Tensor) -> Tensor:
        """What the last block's maps hold, laid side by side: `(batch, 64)` of 28 pixels."""
        return self.rest(embedded)
