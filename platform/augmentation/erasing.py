"""Random erasing: hide a rectangle of each image, so that no single part may carry the answer.

Zhong et al., "Random Erasing Data Augmentation" (2017), https://arxiv.org/abs/1708.04896
"""

import torch
from torch import Tensor

from .draws import uniform


def random_erasing(
    images: Tensor, generator: torch.Generator | None, *, probability: float, side: tuple[float, float]
) -> Tensor:
    """Fill a rectangle of some images with the image's mean.

    Args:
        images: `(batch, channels, height, width)`.
        generator: where the draws come from.
        probability: share of the images that lose a rectangle.
        side: shortest and longest side of it, as a share of the image's.
    """
    rows, _, height, width = images.shape
    draws = uniform((rows, 5), 0.0, 1.0, generator).to(images.device)
    down = _inside(draws[:, 0], draws[:, 1], side, height)  # (rows, height)
    across = _inside(draws[:, 2], draws[:, 3], side, width)  # (rows, width)
    hit = (draws[:, 4] < probability).view(-1, 1, 1)
    hidden = (down.unsqueeze(2) & across.unsqueeze(1) & hit).unsqueeze(1)  # (rows, 1, height, width)
    return torch.where(hidden, images.mean(dim=(2, 3), keepdim=True), images)


def _inside(where: Tensor, how_long: Tensor, side: tuple[float, float], pixels: int) -> Tensor:
    """Which pixels of an axis lie inside each image's interval, `(rows, pixels)`."""
    length = pixels * (side[0] + (side[1] - side[0]) * how_long)
    start = (where * (pixels - length)).unsqueeze(1)
    centre = torch.arange(pixels, device=where.device) + 0.5
    return (centre >= start) & (centre < start + length.unsqueeze(1))
