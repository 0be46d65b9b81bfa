"""Poisson sampling: each row takes part in each step by a coin of its own.

This is the sampling that the accountant's amplification assumes (Abadi et al. 2016; Mironov et al. 2019,
https://arxiv.org/abs/1908.10530). Shuffled batches of fixed size are not it, and their epsilon is larger
(Chua et al. 2024, https://arxiv.org/abs/2403.17673).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..exceptions import SpecError
from .key_stream import KeyStream

__all__ = ["Poisson"]


class Poisson:
    """Batches of random size whose mean is `batch_size`; a gradient is divided by that mean, never by the
    size.

    Which rows a step gets depends on the key and the step's number alone, so a run resumes anywhere.

    Args:
        rows: number of rows.
        batch_size: expected rows a step.
        seed: None takes the operating system's entropy: amplification by sampling holds only where nobody
            knows who was drawn.

    Raises:
        SpecError: the batch is larger than the data.
    """

    drawn = "rows"
    """What a coin is thrown for, for messages."""

    def __init__(self, rows: int, batch_size: int, seed: int | None = None):
        if not 1 <= batch_size <= rows:
            raise SpecError(
                "the batch doesn't fit the data",
                got=f"a batch of {batch_size} from {rows} {self.drawn}",
                expected=f"1 to {rows} {self.drawn} a batch",
                mend="lower train.batch_size",
            )
        self.rows, self.batch_size = rows, batch_size
        self.steps = -(-rows // batch_size)
        self.stream = KeyStream(seed, "sampling")

    @property
    def sample_rate(self) -> float:
        """Probability that a row takes part in a step."""
        return self.batch_size / self.rows

    def batches(self, epoch: int, *, start: int = 0) -> Iterator[Tensor]:
        """Yield the row numbers `(batch,)` of each step of an epoch, ascending, from step `start` on."""
        for step in range(start, self.steps):
            yield torch.from_numpy(self._draw(self.stream.at(epoch * self.steps + step)))

    def state(self) -> dict[str, Any]:
        """The key: as secret as who was drawn."""
        return self.stream.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Draw by another sampler's key."""
        self.stream.restore(state)

    def _draw(self, stream: KeyStream) -> np.ndarray:
        """Rows whose coin shows heads: gaps between them are geometric, so only those drawn cost time."""
        expected = self.batch_size + 6 * int(self.batch_size**0.5) + 16
        ends = [np.array([-1])]
        while ends[-1][-1] < self.rows:
            # 53 bits, in (0, 1].
            uniform = ((stream.words(expected, np.uint64) >> np.uint64(11)) + 1.0) * 2.0**-53
            with np.errstate(divide="ignore"):  # a rate of 1 has no gaps
                gaps = np.floor(np.log(uniform) / np.log1p(-self.sample_rate))
            ends.append(ends[-1][-1] + np.cumsum(np.minimum(gaps, self.rows).astype(np.int64) + 1))
        drawn = np.concatenate(ends[1:])
        return drawn[drawn < self.rows]
