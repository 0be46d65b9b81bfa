"""ViT-B/16: an image is a sequence of patches, and a class token reads the sequence.

Dosovitskiy et al., "An Image is Worth 16x16 Words" (2021), section 3.1, https://arxiv.org/abs/2010.11929.
`vit_small` is the form that learns from few small images.

Shapes: B batch, C channels, N patches, D width.
"""

import torch
from torch import Tensor, nn

from .inputs import ImageInput
from .network import ImageNetwork
from .small_images import LARGE
from .transformer import Stack
from .vit_small import fitting_patch

__all__ = ["ViT"]


class ViT(ImageNetwork):
    """Patches, a class token and learned places; pre-norm blocks; the class token decides.

    The maps are the embedded patches, before any attention: after it the class token holds what patches
    told it, and no map of patches leads to the logits any more. So Grad-CAM sees what is in a patch, not
    what the network made of it.

    Args:
        inputs: the images' shape, sides a multiple of `patch`.
        outputs: number of classes, or 1 for regression.
        patch: side of a patch in pixels; by default 16 from 160 pixels on, and below the smallest above 1
            that gives at most 8×8 patches.
        width: factor on the published width of 64 a head.
        depth: number of blocks.
        heads: attention heads.
        dropout: share dropped.
    """

    def __init__(
        self,
        inputs: ImageInput,
        outputs: int,
        *,
        patch: int | None = None,
        width: float = 1.0,
        depth: int = 12,
        heads: int = 12,
        dropout: float = 0.1,
    ):
        super().__init__()
        patch = patch or (16 if min(inputs.height, inputs.width) >= LARGE else fitting_patch(inputs))
        rows, columns = inputs.height // patch, inputs.width // patch
        if inputs.height % patch or inputs.width % patch or min(rows, columns) < 4:
            raise ValueError(
                f"patch: got {patch} for images of {inputs.height}×{inputs.width},"
                " expected a divisor of both sides that leaves at least 4×4 patches"
            )
        self.width = heads * max(1, round(64 * width))
        self.patches = nn.Conv2d(inputs.channels, self.width, patch, stride=patch)
        self.class_token = nn.Parameter(torch.zeros(self.width))
        self.positions = nn.Parameter(torch.randn(rows * columns + 1, self.width) * 0.02)
        self.maps, self.dropout = nn.Identity(), nn.Dropout(dropout)
        self.encoder = Stack(depth, self.width, heads, dropout=dropout, activation=nn.GELU, epsilon=1e-6)
        self.head = nn.Linear(self.width, outputs)

    def embed(self, images: Tensor) -> Tensor:
        """Each patch on its own, `(B, D, rows, columns)` from `(B, C, height, width)`."""
        return self.maps(self.patches(images))

    def trunk(self, embedded: Tensor) -> Tensor:
        """The class token after the last block, `(B, D)`."""
        return self.states(embedded)[:, 0]

    def states(self, embedded: Tensor) -> Tensor:
        """Class token and patches after the last block, `(B, 1 + N, D)`, from the maps."""
        first = self.class_token.expand(len(embedded), 1, -1)
        tokens = torch.cat([first, embedded.flatten(2).transpose(1, 2)], dim=1)
        return self.encoder(self.dropout(tokens + self.positions))
