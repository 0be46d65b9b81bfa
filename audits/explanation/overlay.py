"""Pictures of an image beside the same image lit by its heat map."""

from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 128
_GAP = 4
_IMAGE_SHARE = 0.35

# Lightness rises evenly from black to pale yellow, so that the order survives a black and white print.
_ANCHORS = np.array(
    [(0, 0, 4), (66, 10, 104), (147, 38, 103), (221, 81, 58), (252, 165, 10), (252, 255, 164)]
)


def colour(heat: np.ndarray) -> np.ndarray:
    """Colours `(…, 3)` in [0, 255] of heat in [0, 1]."""
    at = np.linspace(0, 1, len(_ANCHORS))
    return np.stack([np.interp(heat, at, _ANCHORS[:, channel]) for channel in range(3)], axis=-1)


def draw(image: np.ndarray, heat: np.ndarray, path: Path) -> None:
    """Write a PNG: the image, and beside it the image dimmed with the heat upon it.

    Args:
        image: `(channels, height, width)` in [0, 1], one or three channels (others are averaged).
        heat: `(h, w)` in [0, 1], of any resolution; enlarged smoothly.
        path: file to write.
    """
    plain = _plain(image)
    width, height = plain.size
    warm = Image.fromarray(heat.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR)
    lit = _IMAGE_SHARE * np.asarray(plain, float) + (1 - _IMAGE_SHARE) * colour(np.asarray(warm))
    sheet = Image.new("RGB", (2 * width + _GAP, height), "white")
    sheet.paste(plain, (0, 0))
    sheet.paste(Image.fromarray(np.uint8(np.clip(lit, 0, 255))), (width + _GAP, 0))
    sheet.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def draw_grid(maps: np.ndarray, path: Path) -> None:
    """Write a PNG of many small maps: a row of the sheet a layer, a column a head.

    Args:
        maps: `(layers, heads, h, w)` in [0, 1]; cells stay square cells.
        path: file to write.
    """
    layers, heads, h, w = maps.shape
    cell = max(1, 64 // max(h, w))
    sheet = Image.new("RGB", (heads * (w * cell + _GAP) - _GAP, layers * (h * cell + _GAP) - _GAP), "white")
    for layer, head in np.ndindex(layers, heads):
        small = Image.fromarray(np.uint8(colour(maps[layer, head])))
        large = small.resize((w * cell, h * cell), Image.Resampling.NEAREST)
        sheet.paste(large, (head * (w * cell + _GAP), layer * (h * cell + _GAP)))
    sheet.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def draw_plain(image: np.ndarray, path: Path) -> None:
    """Write a PNG of the image `(channels, height, width)` in [0, 1] alone."""
    _plain(image).quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def _plain(image: np.ndarray) -> Image.Image:
    pixels = image if len(image) == 3 else np.repeat(image.mean(axis=0, keepdims=True), 3, axis=0)
    plain = Image.fromarray(np.uint8(np.clip(pixels, 0, 1).transpose(1, 2, 0) * 255 + 0.5))
    # Small images are enlarged by whole pixels: their pixels are what the model saw.
    return plain.resize(_size(*image.shape[:0:-1]), Image.Resampling.NEAREST)


def _size(width: int, height: int) -> tuple[int, int]:
    """Width and height of a picture whose longer side is at most `SIDE`, and near it."""
    factor = SIDE / max(width, height)
    factor = int(factor) if factor >= 1 else factor
    return max(1, round(width * factor)), max(1, round(height * factor))
