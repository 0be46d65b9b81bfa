"""The handwritten digits as a lens out of focus would show them: another domain, with the same classes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from ..reading import Reading
from . import digits

_SIDE = 8


def read(scratch: Path) -> Reading:
    """The 1,797 images of `digits`, each pixel the mean of the 3x3 around it, beyond the border 0."""
    sharp = digits.read(scratch)
    table = sharp.table
    pixels = table["image"].combine_chunks().flatten().to_numpy().reshape(-1, _SIDE, _SIDE)
    image = pa.FixedSizeListArray.from_arrays(pa.array(blurred(pixels).ravel()), _SIDE**2)
    note = "made from the images of builtin:digits: the same drawings"
    return replace(
        sharp, table=table.set_column(0, "image", pa.chunked_array([image])), notes=(*sharp.notes, note)
    )


def blurred(pixels: np.ndarray) -> np.ndarray:
    """Mean over 3x3 of images `(rows, height, width)` of bytes, rounded."""
    height, width = pixels.shape[1:]
    padded = np.pad(pixels.astype(np.int64), ((0, 0), (1, 1), (1, 1)))
    total = sum(padded[:, top : top + height, left : left + width] for top in range(3) for left in range(3))
    return np.rint(total / 9).astype(np.uint8)
