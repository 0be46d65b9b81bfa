"""A small residual network for images of 8 to 32 pixels.

He et al., "Deep Residual Learning for Image Recognition" (2016), sections 3.3 and 4.2 (the CIFAR form),
https://arxiv.org/abs/1512.03385; normalized by groups (Wu & He, 2018, https://arxiv.org/abs/1803.08494), so
that a prediction never depends on the other images of its batch.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from .inputs import ImageInput
from .network import ImageNetwork

__all__ = ["ResNetSmall"]


class ResNetSmall(ImageNetwork):
    """A 3×3 stem, three stages of residual blocks that double the channels, average pooling, a linear head.

    A stage halves the maps only while they stay at least 4×4: 8×8 images end in 4×4 maps, 32×32 in 8×8.

    Args:
        inputs: the images' shape.
        outputs: number of classes, or 1 for regression.
        channels: channels of the first stage, a multiple of 8.
        blocks: residual blocks a stage.
        dropout: share of pooled features dropped before the head.
    """

    def __init__(
        self, inputs: ImageInput, outputs: int, *, channels: int = 16, blocks: int = 1, dropout: float = 0.0
    ):
        super().__init__()
        if channels % 8:
            raise ValueError(f"channels of the first stage: got {channels}, expected a multiple of 8")
        self.width = 4 * channels
        self.stages = nn.Sequential(
            nn.Conv2d(inputs.channels, channels, 3, padding=1, bias=False), norm(channels), nn.ReLU()
        )
        side, before = min(inputs.height, inputs.width), channels
        for stage in range(3):
            after = channels * 2**stage
            stride = 2 if stage and side >= 8 else 1
            side = -(-side // stride)
            for _ in range(blocks):
                self.stages.append(Block(before, after, stride))
                before, stride = after, 1
        self.maps = nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.width, outputs)

    def embed(self, images: Tensor) -> Tensor:
        """Maps of the last stage, `(batch, width, h, w)` with h and w of at least 4."""
        return self.maps(self.stages(images))

    def trunk(self, embedded: Tensor) -> Tensor:
        """Average over the maps, `(batch, width)`."""
        return self.dropout(embedded.mean(dim=(2, 3)))


class Block(nn.Module):
    """Two 3×3 convolutions around a shortcut, which is a 1×1 convolution where the shape changes."""

    def __init__(self, before: int, after: int, stride: int):
        super().__init__()
        self.first = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False)
        self.first_norm = norm(after)
        self.second = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.second_norm = norm(after)
        self.shortcut = nn.Identity()
        if stride != 1 or before != after:
            self.shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride=stride, bias=False), norm(after))

    def forward(self, maps: Tensor) -> Tensor:
        """Map `(batch, before, h, w)` to `(batch, after, h / stride, w / stride)`."""
        residual = self.second_norm(self.second(F.relu(self.first_norm(self.first(maps)))))
        return F.relu(residual + self.shortcut(maps))


def norm(channels: int) -> nn.GroupNorm:
    """Eight groups: the channels are always a multiple of 8."""
    return nn.GroupNorm(8, channels)
