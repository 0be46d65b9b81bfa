"""Blur: out of focus, through glass, in motion, zooming in.

Hendrycks & Dietterich (2019), section 4.1, https://arxiv.org/abs/1903.12261. Lengths are shares of the
shorter side, so that an image of 8 pixels is blurred as one of 32 is.
"""

import numpy as np
from scipy import ndimage

__all__ = ["defocus_blur", "glass_blur", "motion_blur", "smear", "zoom_blur"]

_RADIUS = (0.07, 0.08, 0.1, 0.12, 0.14)
_SHAKE = (0.03, 0.045, 0.06, 0.08, 0.1)
_SOFT = 0.03
_LENGTH = (0.1, 0.15, 0.2, 0.28, 0.36)
_ZOOM = (1.06, 1.11, 1.16, 1.21, 1.26)
_ANGLES = 8


def defocus_blur(images: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    """Every point becomes a disk, its edge soft by a pixel."""
    radius = _RADIUS[severity - 1] * _side(images)
    reach = int(np.ceil(radius + 0.5))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disk = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    return _convolved(images, disk)


def glass_blur(images: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    """Every pixel taken from a random place nearby, then a soft blur: frosted glass."""
    count, channels, height, width = images.shape
    far = _SHAKE[severity - 1] * _side(images)
    dy, dx = rng.uniform(-far, far, size=(2, count, height, width))
    at = np.broadcast_arrays(
        np.arange(count)[:, None, None], np.arange(height)[:, None] + dy, np.arange(width) + dx
    )
    shaken = [ndimage.map_coordinates(images[:, c], at, order=1, mode="nearest") for c in range(channels)]
    sigma = _SOFT * _side(images)
    return ndimage.gaussian_filter(np.stack(shaken, axis=1), (0, 0, sigma, sigma), mode="nearest")


def motion_blur(images: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    """Every point becomes a line, in one of eight directions an image."""
    return smear(images, _LENGTH[severity - 1] * _side(images), rng)


def smear(images: np.ndarray, length: float, rng: np.random.Generator) -> np.ndarray:
    """Mean over a line of `length` pixels around each; its direction is drawn for each image."""
    directions = rng.integers(_ANGLES, size=len(images))
    found = np.empty_like(images)
    for direction in range(_ANGLES):
        of = directions == direction
        if of.any():
            found[of] = _convolved(images[of], _line(length, np.pi * direction / _ANGLES))
    return found


def zoom_blur(images: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    """Mean of the image and of itself ever closer."""
    factors = np.linspace(1, _ZOOM[severity - 1], 8)
    return np.mean([_zoomed(images, factor) for factor in factors], axis=0)


def _side(images: np.ndarray) -> int:
    return min(images.shape[2:])


def _convolved(images: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    return ndimage.convolve(images, (kernel / kernel.sum())[None, None], mode="nearest")


def _line(length: float, angle: float) -> np.ndarray:
    """A kernel that holds a line through its middle, spread over the pixels that it passes."""
    reach = int(np.ceil(length / 2))
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    for step in np.linspace(-length / 2, length / 2, 4 * reach + 1):
        y, x = reach + step * np.sin(angle), reach + step * np.cos(angle)
        top, left = int(np.floor(y)), int(np.floor(x))
        for row, down in ((top, 1 - (y - top)), (top + 1, y - top)):
            for column, across in ((left, 1 - (x - left)), (left + 1, x - left)):
                if 0 <= row < len(kernel) and 0 <= column < len(kernel):
                    kernel[row, column] += down * across
    return kernel


def _zoomed(images: np.ndarray, factor: float) -> np.ndarray:
    """The middle of every image, enlarged to its whole size."""
    rows, columns = (_stretch(side, factor) for side in images.shape[2:])
    return rows @ images @ columns.T


def _stretch(side: int, factor: float) -> np.ndarray:
    """`(side, side)`: linear interpolation at `1 / factor` of the way from the middle to each pixel."""
    at = (side - 1) / 2 + (np.arange(side) - (side - 1) / 2) / factor
    return np.clip(1 - np.abs(at[:, None] - np.arange(side)), 0, None)
