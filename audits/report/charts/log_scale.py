"""A logarithmic axis from one power of ten to another."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from .scale import Scale

__all__ = ["LogScale", "log_scale_to_one"]


@dataclass(frozen=True)
class LogScale(Scale):
    """An axis on which equal lengths are equal factors; what is not above `low` lies on its edge."""

    def at(self, value: float) -> float:
        """Place of a value in percent of the width, held inside the axis; two decimals."""
        held = min(self.high, max(self.low, value))
        return round(100 * math.log(held / self.low) / math.log(self.high / self.low), 2)

    def label(self, tick: float) -> str:
        """A power of ten, written out."""
        return f"{tick:.{max(0, -math.floor(math.log10(tick) + 1e-9))}f}"


def log_scale_to_one(values: Iterable[float]) -> LogScale:
    """The tightest axis of whole powers of ten, from below the least positive value up to 1."""
    least = min((value for value in values if value > 0), default=0.1)
    lowest = min(-1, math.floor(math.log10(least) + 1e-9))
    ticks = tuple(float(f"1e{power}") for power in range(lowest, 1))
    return LogScale(ticks[0], 1.0, ticks)
