"""Images of a table as arrays, cells of them hidden, and what any model says of the result."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from .subject import Scorer

__all__ = ["Pixels", "cells", "images_of"]

MOST_CELLS = 8
"""Cells along a side of the grid that parts of an image are hidden by."""


@dataclass(frozen=True)
class Pixels:
    """A model of images, asked by arrays of bytes.

    Args:
        scorer: the model.
        mean: what hidden pixels become, `(channels, height, width)` uint8: the mean train image.
    """

    scorer: Scorer
    mean: np.ndarray

    @classmethod
    def of(cls, scorer: Scorer, background: pa.Table) -> "Pixels":
        """With the mean of the background images."""
        mean = images_of(background, scorer.schema.image).mean(axis=0)
        return cls(scorer, mean.round().astype(np.uint8))

    @property
    def grid(self) -> tuple[int, int]:
        """Cells of at least one pixel, at most 8×8."""
        return min(MOST_CELLS, self.mean.shape[1]), min(MOST_CELLS, self.mean.shape[2])

    def without(self, images: np.ndarray, gone: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
        """Images with cells of a grid hidden.

        Args:
            images: `(n, channels, height, width)`.
            gone: `(n, cells)` bool.
        """
        hidden = gone[:, cells(self.mean.shape[1], self.mean.shape[2], grid)][
            :, None
        ]  # (n, 1, height, width)
        return np.where(hidden, self.mean, images)

    def score(self, images: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Score of a class, `(n,)`; regression: the value."""
        scores = self.scorer.predict(table_of(images))
        return scores if scores.ndim == 1 else scores[np.arange(len(scores)), target]


def images_of(table: pa.Table, shape: tuple[int, int, int] | None) -> np.ndarray:
    """The column `image` as `(rows, channels, height, width)` uint8."""
    assert shape is not None, "a schema of images has their shape"
    flat = table["image"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return flat.astype(np.uint8, copy=False).reshape(table.num_rows, *shape)


def table_of(images: np.ndarray) -> pa.Table:
    """A table of one column `image`, bytes in a list of fixed size."""
    flat = np.ascontiguousarray(images, dtype=np.uint8).reshape(len(images), -1)
    return pa.table({"image": pa.FixedSizeListArray.from_arrays(pa.array(flat.reshape(-1)), flat.shape[1])})


def cells(height: int, width: int, grid: tuple[int, ...]) -> np.ndarray:
    """Which cell of the grid each pixel lies in, `(height, width)`."""
    rows, columns = np.arange(height) * grid[0] // height, np.arange(width) * grid[1] // width
    return rows[:, None] * grid[1] + columns
