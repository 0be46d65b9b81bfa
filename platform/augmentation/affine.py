"""Shift, turn, zoom, crop and mirror a batch of images, each by its own draw, in one resampling.

One pass of `grid_sample` does all of them, so that small images are blurred once and not five times.
"""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from .draws import uniform

Flip = Literal["none", "horizontal", "vertical", "both"]


def random_affine(
    images: Tensor,
    generator: torch.Generator | None,
    *,
    shift: float,
    degrees: float,
    zoom: tuple[float, float],
    crop: float = 1.0,
    flip: Flip = "none",
) -> Tensor:
    """Mirror and crop each image, then shift, turn and zoom it about its centre.

    What comes in from outside repeats the border.

    Args:
        images: `(batch, channels, height, width)`.
        generator: where the draws come from.
        shift: most of a shift along each axis, as a share of the side.
        degrees: most of a turn either way.
        zoom: least and most magnification.
        crop: least share of the area that is kept and stretched to the whole image; 1 crops nothing.
        flip: along which axes a coin decides whether the image is mirrored.

    Returns:
        Images of the same shape.
    """
    rows = len(images)
    turn = uniform(rows, -degrees, degrees, generator).deg2rad()
    away = 2 * uniform((rows, 2), -shift, shift, generator)  # grid_sample's sides are 2 long
    size = uniform(rows, *zoom, generator)
    matrices = affine_matrices(turn, size, away, aspect=images.shape[3] / images.shape[2])
    if crop < 1:
        matrices = chained(matrices, *crop_boxes(rows, crop, generator))
    if flip != "none":
        matrices = chained(matrices, mirrors(rows, flip, generator), matrices.new_zeros(2))
    grid = sampling_grid(matrices.to(images), *images.shape[2:])
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def sampling_grid(matrices: Tensor, height: int, width: int) -> Tensor:
    """Where each pixel comes from, `(batch, height, width, 2)`: `affine_grid` as a sum of rows and columns.

    Args:
        matrices: maps from output to input coordinates, `(batch, 2, 3)`.
        height: of the images, in pixels.
        width: likewise.
    """
    down, across = (
        (2 * torch.arange(side, device=matrices.device) + 1).to(matrices) / side - 1
        for side in (height, width)
    )
    along, below, away = matrices.unsqueeze(1).unbind(dim=3)  # each (batch, 1, 2)
    rows = below * down.view(1, -1, 1) + away  # (batch, height, 2)
    columns = along * across.view(1, -1, 1)  # (batch, width, 2)
    return rows.unsqueeze(2) + columns.unsqueeze(1)


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


def crop_boxes(rows: int, least: float, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
    """Boxes inside the image: half their sides and their centres, `(rows, 2)` across and down, in half sides.

    Szegedy et al., "Going Deeper with Convolutions" (2015), section 6: an area between `least` and all of it,
    sides in a ratio between 3/4 and 4/3, anywhere.
    """
    area = uniform(rows, least, 1.0, generator)
    ratio = uniform(rows, math.log(3 / 4), math.log(4 / 3), generator).exp()
    sides = torch.stack([(area * ratio).sqrt(), (area / ratio).sqrt()], dim=1).clamp(max=1.0)
    return sides, (1 - sides) * uniform((rows, 2), -1.0, 1.0, generator)


def mirrors(rows: int, flip: Flip, generator: torch.Generator | None) -> Tensor:
    """-1 along an axis that is mirrored, else 1: `(rows, 2)` across and down."""
    allowed = torch.tensor([flip in ("horizontal", "both"), flip in ("vertical", "both")])
    heads = uniform((rows, 2), 0.0, 1.0, generator) < 0.5
    return 1.0 - 2.0 * (heads & allowed.to(heads.device))


def chained(matrices: Tensor, scale: Tensor, centre: Tensor) -> Tensor:
    """The maps `(batch, 2, 3)`, then `x ↦ scale · x + centre` of each image, axis by axis."""
    chain = scale.unsqueeze(2) * matrices
    chain[:, :, 2] += centre
    return chain
