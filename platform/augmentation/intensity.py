"""Change how bright an image is and where, not what is where.

Every amount is relative to the image's own mean and spread, so that it doesn't matter how pixels were scaled.
"""

import torch
from torch import Tensor

from .draws import uniform


def random_contrast(
    images: Tensor, generator: torch.Generator | None, *, contrast: float, brightness: float
) -> Tensor:
    """Stretch each channel about its mean and move it.

    Args:
        images: `(batch, channels, height, width)`.
        generator: where the draws come from.
        contrast: most that the spread is stretched or shrunk by, as a share.
        brightness: most that the mean moves, in standard deviations of the image.
    """
    shape = (len(images), images.shape[1], 1, 1)  # channels by themselves: colour images change their hue too
    gain = uniform(shape, 1 - contrast, 1 + contrast, generator).to(images)
    move = uniform(shape, -brightness, brightness, generator).to(images)
    mean = images.mean(dim=(2, 3), keepdim=True)
    # gain · (image - mean) + mean + move · spread, in one pass over the pixels.
    return torch.addcmul(mean * (1 - gain) + move * _spread(images), images, gain)


def random_saturation(images: Tensor, generator: torch.Generator | None, *, saturation: float) -> Tensor:
    """Move each image's colours from its grey or towards it.

    Args:
        images: red, green and blue, `(batch, 3, height, width)`.
        generator: where the draws come from.
        saturation: most of it, as a share: at 1, colours vanish or double.
    """
    gain = uniform((len(images), 1, 1, 1), 1 - saturation, 1 + saturation, generator).to(images)
    # Luma of ITU-R BT.601, as in Pillow.
    grey = torch.einsum("bchw,c->bhw", images, images.new_tensor([0.299, 0.587, 0.114])).unsqueeze(1)
    return torch.lerp(grey, images, gain)


def random_noise(images: Tensor, generator: torch.Generator | None, *, amount: float) -> Tensor:
    """Add Gaussian noise whose standard deviation is `amount` times the image's own."""
    device = generator.device if generator is not None else images.device
    noise = torch.randn(images.shape, generator=generator, device=device).to(images)
    return images + amount * _spread(images) * noise


def _spread(images: Tensor) -> Tensor:
    """Standard deviation of each image's pixels, `(batch, 1, 1, 1)`."""
    pixels = images.flatten(1)
    away = pixels - pixels.mean(dim=1, keepdim=True)  # several times faster than `std`, and as exact
    return away.square().mean(dim=1).sqrt().view(-1, 1, 1, 1)
