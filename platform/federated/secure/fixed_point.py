"""Numbers as integers that add up: clipped, rounded at random, and counted by whole rows.

A client i with n_i rows sends n_i q_i for each value x_i, where q_i = floor((clip(x_i) + clip) / step + u), u
uniform in [0, 1), so that q_i is right on average; and n_i itself. The server divides the sums: sum(n_i q_i)
/ sum(n_i). As |step q_i - (x_i + clip)| < step for each, so is the error of the mean below one step, however
many clients there are and however their rows differ.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...exceptions import AssayError

__all__ = ["FixedPoint", "Sums"]

#: Bits for the number of all rows together.
_ROWS = 32


@dataclass(frozen=True)
class Sums:
    """What the server learns.

    Attributes:
        means: `(values,)`, each counted by its client's rows.
        weight: rows of all clients in the sum.
        cut: values of all of them that were outside [-clip, clip].
        counts: plain sums of whole numbers.
    """

    means: NDArray[np.float64]
    weight: int
    cut: int
    counts: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class FixedPoint:
    """How numbers become integers.

    Args:
        clip: values are cut to [-clip, clip].
        bits: of one value.
    """

    clip: float
    bits: int

    @property
    def width(self) -> int:
        """Bytes of one integer as it travels: sums are kept modulo 2^(8 width)."""
        return math.ceil((self.bits + _ROWS) / 8)

    @property
    def step(self) -> float:
        """Distance of two values that are told apart: no mean is off by as much, but for what is cut."""
        return 2 * self.clip / self._top

    @property
    def _top(self) -> int:
        return 2**self.bits - 1

    def encode(
        self,
        values: NDArray[np.floating],
        weight: int,
        counts: Sequence[int],
        *,
        clients: int,
        draw: np.random.Generator,
    ) -> NDArray[np.uint64]:
        """A client's part of the sum.

        Args:
            values: `(values,)`, finite.
            weight: the client's rows.
            counts: whole numbers to be summed as they are; may be below 0.
            clients: most that the sum has.
            draw: of the rounding.

        Returns:
            `(values + 2 + counts,)`, modulo 2^64.

        Raises:
            AssayError: a number is none, or too large to be summed.
        """
        if not np.isfinite(values).all():
            raise AssayError("what should be summed isn't finite")
        if weight * clients >= 2**_ROWS or any(abs(n) * clients >= 2 ** (8 * self.width - 1) for n in counts):
            raise AssayError(f"so large a number can't be summed over {clients} clients")
        wide = np.asarray(values, dtype=np.float64)
        cut = int((np.abs(wide) > self.clip).sum())
        scaled = (np.clip(wide, -self.clip, self.clip) + self.clip) / self.step
        steps = np.minimum(np.floor(scaled + draw.random(wide.shape)), self._top).astype(np.uint64)
        plain = np.array([weight, cut, *counts], dtype=np.int64).astype(np.uint64)
        return np.concatenate([steps * np.uint64(weight), plain])

    def decode(self, total: NDArray[np.uint64], counts: int) -> Sums:
        """What a sum of clients' parts says.

        Args:
            total: `(values + 2 + counts,)`, modulo 2^(8 width).
            counts: how many whole numbers stand at its end.

        Raises:
            AssayError: no clients' parts have this sum, so a mask is left in it; or nobody has a row.
        """
        end = len(total) - 2 - counts
        weight, cut, *plain = (int(part) for part in total[end:])
        if weight >= 2**_ROWS or (total[:end] > np.uint64(weight * self._top)).any():
            raise AssayError("the sum isn't one of clients' parts: masks were left in it")
        if end and not weight:
            raise AssayError("nobody in the sum has a row")
        modulus = 2 ** (8 * self.width)
        signed = tuple(part - modulus if part >= modulus // 2 else part for part in plain)
        return Sums(total[:end] / max(weight, 1) * self.step - self.clip, weight, cut, signed)
