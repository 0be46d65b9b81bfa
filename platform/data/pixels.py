"""Images for a network: bytes to [0, 1], standardised with the train rows' mean and deviation a channel."""

import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ..exceptions import DataError


@dataclass(frozen=True, kw_only=True)
class Pixels:
    """Shape of every image as `(channels, height, width)`; mean and deviation a channel, in [0, 1]."""

    shape: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def fit(cls, images: pa.ChunkedArray, shape: tuple[int, int, int]) -> "Pixels":
        """Mean and deviation of each channel over all pixels, from exact integer sums."""
        count = np.zeros((shape[0], 256), dtype=np.int64)
        for batch in images.chunks:
            for channel in range(shape[0]):
                count[channel] += np.bincount(_bytes(batch, shape)[:, channel].ravel(), minlength=256)
        level = np.arange(256) / 255
        total = count.sum(axis=1)
        mean = count @ level / total
        std = np.sqrt(np.maximum(count @ level**2 / total - mean**2, 0))
        return cls(shape=shape, mean=tuple(mean.tolist()), std=tuple(np.where(std > 0, std, 1.0).tolist()))

    def unit(self, images: pa.ChunkedArray) -> np.ndarray:
        """`(rows,)` images -> `(rows, channels, height, width)` float32 in [0, 1]."""
        batches = [_bytes(batch, self.shape) for batch in images.chunks] or [
            np.empty((0, *self.shape), np.uint8)
        ]
        return np.concatenate(batches).astype(np.float32) / 255

    def transform(self, images: pa.ChunkedArray) -> np.ndarray:
        """`(rows,)` images -> `(rows, channels, height, width)` float32, standardised."""
        mean, std = (np.array(v, dtype=np.float32)[:, None, None] for v in (self.mean, self.std))
        return (self.unit(images) - mean) / std


def _bytes(batch: pa.FixedSizeListArray, shape: tuple[int, int, int]) -> np.ndarray:
    """`(rows, channels, height, width)` uint8, without a copy; DataError if the images have another size."""
    type_ = batch.type
    if not pa.types.is_fixed_size_list(type_) or type_.list_size != math.prod(shape):
        raise DataError(
            "the images don't fit the model",
            got=f"a column of {type_}",
            expected=f"{shape[0]} channels of {shape[1]} x {shape[2]} bytes each",
            mend="resize the images to what the model was trained on",
        )
    return batch.flatten().to_numpy().reshape(-1, *shape)
