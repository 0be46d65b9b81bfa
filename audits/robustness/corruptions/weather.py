"""Weather: snow, frost, fog, glaring light.

Hendrycks & Dietterich (2019), section 4.1, https://arxiv.org/abs/1903.12261. Frost is drawn here, where the
paper lays photographs of frost over the image.
"""

import numpy as np
from scipy import ndimage

from .blur import smear

__all__ = ["brightness", "fog", "frost", "snow"]

_FLAKES = ((0.03, 0.1), (0.06, 0.15), (0.1, 0.2), (0.14, 0.25), (0.18, 0.3))
_ICE = (0.3, 0.4, 0.5, 0.6, 0.7)
_MIST = ((0.4, 0.45), (0.7, 0.5), (1.0, 0.55), (1.5, 0.6), (2.0, 0.65))
_LIGHT = (0.1, 0.2, 0.3, 0.4, 0.5)
_FLAKE_LENGTH = 0.12


def snow(images: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    """White flakes, smeared by the wind, before a paler picture."""
    share, pale = _FLAKES[severity - 1]
    count, _, height, width = images.shape
    flakes = (rng.random((count, 1, height, width)) < share).astype(float)
    flakes = smear(flakes, _FLAKE_LENGTH * min(height, width), rng)
    flakes /= np.maximum(flakes.max(axis=(1, 2, 3), keepdims=True), 1e-9)
    whitened = (1 - pale) * images + pale * (0.5 + 0.5 * images)
    return np.maximum(whitened, flakes)


def frost(images: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    """Crystals of ice: bright ridges of fractal noise over a dimmed picture."""
    ice = _ICE[severity - 1]
    ridges = 1 - np.abs(2 * plasma(images.shape, 0.7, rng) - 1)
    return (1 - 0.6 * ice) * images + ice * ridges**3


def fog(images: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    """A cloud of fractal noise, added; the picture keeps its brightest value and loses contrast."""
    mist, decay = _MIST[severity - 1]
    brightest = images.max(axis=(1, 2, 3), keepdims=True)
    clouded = images + mist * plasma(images.shape, decay, rng)
    return clouded * brightest / (brightest + mist)


def brightness(images: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    """Every value raised: too much daylight."""
    return images + _LIGHT[severity - 1]


def plasma(shape: tuple[int, ...], decay: float, rng: np.random.Generator) -> np.ndarray:
    """Fractal noise `(n, 1, height, width)` in [0, 1]: random grids, each twice as fine, times `decay`.

    Args:
        shape: of the images.
        decay: weight of a grid against the one before: near 1 is grainy, near 0 smooth.
        rng: generator.
    """
    count, _, height, width = shape
    total, cells, weight = np.zeros((count, height, width)), 2, 1.0
    while cells <= max(height, width):
        grid = rng.random((count, cells, cells))
        rows, columns = np.linspace(0, cells - 1, height), np.linspace(0, cells - 1, width)
        at = np.broadcast_arrays(np.arange(count)[:, None, None], rows[:, None], columns[None, :])
        total += weight * ndimage.map_coordinates(grid, at, order=1)
        cells, weight = 2 * cells, weight * decay
    low, high = (edge(total, axis=(1, 2), keepdims=True) for edge in (np.min, np.max))
    return ((total - low) / np.maximum(high - low, 1e-9))[:, None]
