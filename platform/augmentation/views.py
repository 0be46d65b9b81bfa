"""The two recipes: views to contrast, and small changes that keep a label right.

Images here are small (8 to 32 pixels), often grey, often signs: no view is flipped, since a mirrored digit is
another digit, and none is blurred, since 8 pixels have no detail to spare.
"""

import torch
from torch import Tensor

from .affine import random_affine
from .erasing import random_erasing
from .intensity import random_contrast, random_noise


def contrastive_view(images: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """A strongly changed view of each image, for SimCLR (Chen et al. 2020, section 3: cropping and colour).

    Args:
        images: `(batch, channels, height, width)`.
        generator: where the draws come from.

    Returns:
        Images of the same shape.
    """
    views = random_affine(images, generator, shift=0.15, degrees=20, zoom=(0.75, 1.35))
    views = random_contrast(views, generator, contrast=0.4, brightness=0.3)
    views = random_erasing(views, generator, probability=0.5, side=(0.2, 0.4))
    return random_noise(views, generator, amount=0.1)


def light_view(images: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """A slightly changed view of each image, for training with labels.

    Args:
        images: `(batch, channels, height, width)`.
        generator: where the draws come from.

    Returns:
        Images of the same shape.
    """
    views = random_affine(images, generator, shift=0.08, degrees=10, zoom=(0.9, 1.1))
    return random_contrast(views, generator, contrast=0.2, brightness=0.1)
