"""The four-block network that few-shot learning is compared on.

Vinyals et al., "Matching Networks for One Shot Learning" (2016), section 4.1.1,
https://arxiv.org/abs/1606.04080
"""

from torch import Tensor, nn

from .norms import norm2d

__all__ = ["Conv4"]


class Conv4(nn.Module):
    """Four blocks of 3×3 convolution, norm, ReLU and 2×2 max-pooling; maps of 1×1 are left of 28×28 pixels.

    Args:
        channels: of the images.
        width: filters of a block.
        outputs: of a linear layer at the end, or None to end in the maps laid side by side.
        norm: `batch`, `group` or `none`.
        side: height and width of the images, 16 or more.
    """

    def __init__(
        self,
        channels: int = 1,
        *,
        width: int = 64,
        outputs: int | None = None,
        norm: str = "batch",
        side: int = 28,
    ):
        super().__init__()
        if side < 16:
            raise ValueError(
                f"side of the images: got {side}, expected 16 or more, which four halvings leave a pixel of"
            )
        blocks: list[nn.Module] = []
        for before in (channels, width, width, width):
            blocks += [
                nn.Conv2d(before, width, 3, padding=1),
                norm2d(norm, width),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]
        self.blocks = nn.Sequential(*blocks, nn.Flatten())
        self.width = width * (side // 16) ** 2
        self.head = nn.Identity() if outputs is None else nn.Linear(self.width, outputs)

    def forward(self, images: Tensor) -> Tensor:
        """Map `(batch, channels, side, side)` to `(batch, width)`, or to `(batch, outputs)`."""
        return self.head(self.blocks(images))
