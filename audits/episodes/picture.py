"""A picture of one episode: what was shown of each class, and which of its queries were answered rightly."""

from pathlib import Path

import numpy as np
from PIL import Image

__all__ = ["draw"]

_SIDE = 40
"""Pixels of a tile: small images are enlarged by whole pixels, large ones made smaller."""
_FRAME, _GAP, _APART = 3, 3, 18
_RIGHT, _WRONG = "#2f7d4f", "#b3261e"


def draw(support: np.ndarray, query: np.ndarray, right: np.ndarray, path: Path) -> None:
    """Write a PNG: a row a class, its support at the left; queries after a gap, framed by how they went.

    A right answer has a thin green frame, a wrong one a thick red frame: told apart without colour, too.

    Args:
        support: `(way, shot, channels, height, width)` in [0, 1].
        query: `(way, queries, channels, height, width)` in [0, 1].
        right: `(way, queries)` bool.
        path: file to write.
    """
    way, shot = support.shape[:2]
    step = _SIDE + 2 * _FRAME + _GAP
    left = shot * step + _APART
    sheet = Image.new("RGB", (left + query.shape[1] * step - _GAP, way * step - _GAP), "white")
    for row in range(way):
        for place in range(shot):
            sheet.paste(_framed(support[row, place], "white", 1), (place * step, row * step))
        for place in range(query.shape[1]):
            how = (_RIGHT, 1) if right[row, place] else (_WRONG, _FRAME)
            sheet.paste(_framed(query[row, place], *how), (left + place * step, row * step))
    sheet.quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)


def _framed(image: np.ndarray, colour: str, width: int) -> Image.Image:
    """One tile in a frame of so many pixels."""
    pixels = np.clip(np.rint(255 * image), 0, 255).astype(np.uint8)
    tile = Image.fromarray(pixels[0] if len(pixels) == 1 else pixels[:3].transpose(1, 2, 0)).convert("RGB")
    how = Image.Resampling.BOX if tile.width > _SIDE else Image.Resampling.NEAREST
    inner = Image.new("RGB", (_SIDE + 2 * width, _SIDE + 2 * width), colour)
    inner.paste(tile.resize((_SIDE, _SIDE), how), (width, width))
    frame = Image.new("RGB", (_SIDE + 2 * _FRAME, _SIDE + 2 * _FRAME), "white")
    frame.paste(inner, (_FRAME - width, _FRAME - width))
    return frame
