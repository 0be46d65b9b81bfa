"""Shift, turn and zoom a batch of images, each by its own draw, in one resampling.

One pass of `grid_sample` does all three, so that small images are blurred once and not three times.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .draws import uniform


def random_affine(
    images: Tensor,
    generator: torch.Generator | None,
    *,
    shift: float,
    degrees: float,
    zoom: tuple[float, float],
) -> Tensor:
    """Shift, turn and zoom each image about its centre; what comes in from outside repeats the border.

    Args:
        images: `(batch, channels, height, width)`.
        generator: where the draws come from.
        shift: most of a shift along each axis, as a share of the side.
        degrees: most of a turn either way.
        zoom: least and most magnification.

    Returns:
        Images of the same shape.
    """
    rows = len(images)
    turn = uniform(rows, -degrees, degrees, generator).deg2rad()
    away = 2 * uniform((rows, 2), -shift, shift, generator)  # grid_sample's sides are 2 long
    size = uniform(rows, *zoom, generator)
    matrices = affine_matrices(turn, size, away, aspect=images.shape[3] / images.shape[2])
    grid = F.affine_grid(matrices.to(images), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def affine_matrices(turn: Tensor, zoom: Tensor, shift: Tensor, *, aspect: float) -> Tensor:
    """The maps from output to input coordinates, `(batch, 2, 3)`, that `affine_grid` takes.

    Args:
        turn: `(batch,)` radians, counted as the eye sees the content turn, clockwise.
        zoom: `(batch,)` magnification.
        shift: `(batch, 2)` to the right and down, in units of half a side.
        aspect: width over height: without it a turn would shear images that aren't square.
    """
    cos, sin = turn.cos() / zoom, turn.sin() / zoom
    linear = torch.stack([cos, sin / aspect, -sin * aspect, cos], dim=1).view(-1, 2, 2)
    # The content moves by `shift` after turning, so the inverse map undoes the shift first.
    return torch.cat([linear, -linear @ shift.unsqueeze(2)], dim=2)
