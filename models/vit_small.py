"""A small vision transformer for images of 8 to 32 pixels.

Dosovitskiy et al., "An Image is Worth 16x16 Words" (2021), section 3.1, https://arxiv.org/abs/2010.11929;
with sine-cosine positions and the average of the tokens where that has learned positions and a [CLS] token.
Learning from few images is easier so: Beyer et al., "Better plain ViT baselines" (2022),
https://arxiv.org/abs/2205.01580.
"""

import torch
from torch import Tensor, nn

from .attention import SelfAttention
from .inputs import ImageInput
from .network import PatchNetwork

__all__ = ["ViTSmall"]


class ViTSmall(PatchNetwork):
    """Patches and their positions as tokens, pre-norm transformer blocks, average pooling, a linear head.

    Args:
        inputs: the images' shape, sides a multiple of `patch`.
        outputs: number of classes, or 1 for regression.
        patch: side of a patch in pixels; by default the smallest above 1 that gives at most 8×8 patches.
        width: components of a token, a multiple of 4 and of `heads`.
        depth: number of blocks.
        heads: attention heads.
        dropout: share of feed-forward units and attention weights dropped.
    """

    positions: Tensor

    def __init__(
        self,
        inputs: ImageInput,
        outputs: int,
        *,
        patch: int | None = None,
        width: int = 64,
        depth: int = 4,
        heads: int = 4,
        dropout: float = 0.1,
    ):
        super().__init__()
        patch = patch or fitting_patch(inputs)
        rows, columns = inputs.height // patch, inputs.width // patch
        if inputs.height % patch or inputs.width % patch or min(rows, columns) < 4:
            raise ValueError(
                f"patch: got {patch} for images of {inputs.height}×{inputs.width},"
                " expected a divisor of both sides that leaves at least 4×4 patches"
            )
        self.inputs, self.patch, self.width, self.grid = inputs, patch, width, (rows, columns)
        self.patches = nn.Conv2d(inputs.channels, width, patch, stride=patch)
        self.register_buffer("positions", sine_cosine_positions(rows, columns, width), persistent=False)
        self.blocks = nn.Sequential(*(Block(width, heads, dropout) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.maps = nn.Identity()
        self.head = nn.Linear(width, outputs)

    def embed(self, images: Tensor) -> Tensor:
        """Tokens after the last block, laid out as maps `(batch, width, rows, columns)`."""
        tokens = self.transform(self.patch_tokens(images))
        return self.maps(tokens.transpose(1, 2).unflatten(2, self.grid))

    def patch_tokens(self, images: Tensor) -> Tensor:
        """Projected patches with their positions added, `(batch, patches, width)`."""
        return self.patches(images).flatten(2).transpose(1, 2) + self.positions

    def transform(self, tokens: Tensor) -> Tensor:
        """Tokens `(batch, tokens, width)` after the last block, normalized."""
        return self.norm(self.blocks(tokens))

    def trunk(self, embedded: Tensor) -> Tensor:
        """Average token, `(batch, width)`."""
        return embedded.mean(dim=(2, 3))


class Block(nn.Module):
    """Pre-norm attention and a GELU feed-forward of four times the width, each added to the stream."""

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads, dropout)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 4 * width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(4 * width, width),
        )

    def forward(self, tokens: Tensor) -> Tensor:
        """Map `(batch, tokens, width)` to the same shape."""
        tokens = tokens + self.attention(self.attention_norm(tokens))
        return tokens + self.feed_forward(tokens)


def fitting_patch(inputs: ImageInput) -> int:
    """Smallest patch above one pixel with at most 8×8 patches, else the largest that leaves at least 4×4."""
    sides = (inputs.height, inputs.width)
    fitting = [p for p in range(1, min(sides) // 4 + 1) if sides[0] % p == 0 and sides[1] % p == 0]
    return next((p for p in fitting if p > 1 and max(sides) // p <= 8), fitting[-1])


def sine_cosine_positions(rows: int, columns: int, width: int) -> Tensor:
    """Fixed position vectors of a grid, `(rows * columns, width)`: `width / 4` waves down, as many across."""
    if width % 4:
        raise ValueError(f"width of a token: got {width}, expected a multiple of 4")
    frequencies = 1 / 10_000 ** (torch.arange(width // 4) / (width // 4))
    down = torch.arange(rows).repeat_interleave(columns).unsqueeze(1) * frequencies
    across = torch.arange(columns).repeat(rows).unsqueeze(1) * frequencies
    return torch.cat([down.sin(), down.cos(), across.sin(), across.cos()], dim=1)
