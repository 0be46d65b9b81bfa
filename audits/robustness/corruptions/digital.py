"""Digital faults: low contrast, warped geometry, coarse pixels, JPEG.

Hendrycks & Dietterich (2019), section 4.1, https://arxiv.org/abs/1903.12261. Lengths are shares of the
shorter side; strengths without a size are those of ImageNet-C.
"""

import io

import numpy as np
from PIL import Image
from scipy import ndimage

__all__ = ["contrast", "elastic", "jpeg", "pixelate"]

_CONTRAST = (0.4, 0.3, 0.2, 0.1, 0.05)
_WARP = (0.02, 0.035, 0.05, 0.065, 0.08)
_COARSE = (0.75, 0.6, 0.5, 0.4, 0.3)
_QUALITY = (25, 18, 15, 10, 7)
_SMOOTHNESS = 0.1


def contrast(images: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    """Every value drawn towards its channel's mean."""
    mean = images.mean(axis=(2, 3), keepdims=True)
    return mean + _CONTRAST[severity - 1] * (images - mean)


def elastic(images: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    """Pixels moved by a smooth random field (Simard, Steinkraus & Platt, 2003, section 2)."""
    count, channels, height, width = images.shape
    side = min(height, width)
    field = rng.uniform(-1, 1, size=(2, count, height, width))
    field = ndimage.gaussian_filter(field, (0, 0, _SMOOTHNESS * side, _SMOOTHNESS * side), mode="reflect")
    # Smoothing shrinks the field, the more the larger the image: it is set to a deviation that is known.
    field *= _WARP[severity - 1] * side / np.maximum(field.std(axis=(2, 3), keepdims=True), 1e-9)
    y, x = np.arange(height)[:, None] + field[0], np.arange(width) + field[1]
    rows = np.broadcast_to(np.arange(count)[:, None, None], y.shape)
    warped = [
        ndimage.map_coordinates(images[:, channel], [rows, y, x], order=1, mode="nearest")
        for channel in range(channels)
    ]
    return np.stack(warped, axis=1)


def pixelate(images: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    """Made small by averaging, and large again without."""
    height, width = images.shape[2:]
    small = [max(1, round(_COARSE[severity - 1] * side)) for side in (height, width)]
    down = _averaging(small[0], height) @ images @ _averaging(small[1], width).T
    rows, columns = (np.arange(n) * m // n for n, m in zip((height, width), small, strict=True))
    return down[:, :, rows][:, :, :, columns]


def _averaging(small: int, large: int) -> np.ndarray:
    """`(small, large)`: how much of each cell of the coarse grid every pixel makes; rows sum to 1."""
    edges = np.linspace(0, large, small + 1)
    pixel = np.arange(large)
    shared = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    shared = np.clip(shared, 0, None)
    return shared / shared.sum(axis=1, keepdims=True)


def jpeg(images: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    """Stored as JPEG and read again; other than one or three channels are stored one by one."""
    quality = _QUALITY[severity - 1]
    if images.shape[1] == 3:
        return np.stack([_stored(image.transpose(1, 2, 0), quality).transpose(2, 0, 1) for image in images])
    return np.stack([[_stored(channel, quality) for channel in image] for image in images])


def _stored(image: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(np.uint8(np.clip(image, 0, 1) * 255 + 0.5)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file), dtype=float) / 255
