"""Poisson sampling at one rate that all clients share, whatever number of rows each has.

A batch size that all shared would draw a row of a small client more often than one of a large client, and
hide it less.
"""

from ...privacy.key_stream import KeyStream
from ...privacy.poisson_sampler import Poisson

__all__ = ["CommonRate"]


class CommonRate(Poisson):
    """Coins that show heads at the common rate.

    `batch_size` is the whole number next to rate times rows: it says what sums are divided by, not how rows
    are drawn.

    Args:
        rows: that the client has.
        rate: probability that a row takes part in a step, in (0, 1].
        steps: that stand in for a pass over the rows.
        seed: None takes the operating system's entropy.
    """

    def __init__(self, rows: int, *, rate: float, steps: int, seed: int | None = None):
        self.rows, self.steps, self.rate = rows, steps, rate
        self.batch_size = max(1, round(rate * rows))
        self.stream = KeyStream(seed, "sampling")

    @property
    def sample_rate(self) -> float:
        """Probability that a row takes part in a step."""
        return self.rate
