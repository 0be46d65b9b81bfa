"""A view: an image changed by as much as a recipe allows, for training with labels or to be contrasted.

Images here are small (8 to 32 pixels), and none is blurred, since 8 pixels have no detail to spare.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from .affine import random_affine
from .config import ViewConfig
from .erasing import random_erasing
from .intensity import random_contrast, random_noise, random_saturation

View = Callable[[Tensor, torch.Generator | None], Tensor]
"""One random view of each image of a batch, `(batch, channels, height, width)` to the same shape."""

_LIGHT = ViewConfig()

#: Shortest and longest side of an erased rectangle, as a share of the image's.
_ERASED = (0.2, 0.4)


def random_view(images: Tensor, generator: torch.Generator | None = None, *, config: ViewConfig) -> Tensor:
    """A view of each image, for SimCLR (Chen et al. 2020, section 3: cropping and colour) or with its label.

    Args:
        images: `(batch, channels, height, width)`.
        generator: where the draws come from.
        config: how far a view may be from its image; what is 0 there isn't drawn.

    Returns:
        Images of the same shape.
    """
    views = random_affine(
        images, generator,
        shift=config.shift, degrees=config.degrees, zoom=config.zoom, crop=config.crop, flip=config.flip,
    )  # fmt: skip
    views = random_contrast(views, generator, contrast=config.contrast, brightness=config.brightness)
    if config.saturation:
        views = random_saturation(views, generator, saturation=config.saturation)
    if config.erase:
        views = random_erasing(views, generator, probability=config.erase, side=_ERASED)
    return random_noise(views, generator, amount=config.noise) if config.noise else views


def view_of(augment: bool | ViewConfig) -> View | None:
    """The views that `train.augment` asks for; None for none."""
    if isinstance(augment, bool):
        return light_view if augment else None
    return partial(random_view, config=augment)


def light_view(images: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """A slightly changed view of each image, for training with labels."""
    return random_view(images, generator, config=_LIGHT)
