"""A linear axis with round ends: which numbers stand under a chart and where a value falls on it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Scale", "scale_over"]

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Scale:
    """An axis from `low` to `high` with labelled ticks."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """Place of a value in percent of the width, held inside the axis; two decimals."""
        share = (value - self.low) / (self.high - self.low)
        return round(100 * min(1.0, max(0.0, share)), 2)

    def label(self, tick: float) -> str:
        """A tick with just the digits that its step needs."""
        step = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else abs(tick) or 1.0
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        decimals += 0 if math.isclose(round(step, decimals), step, rel_tol=1e-6) else 1
        text = f"{tick:,.{decimals}f}"
        return (text.lstrip("-") if float(text.replace(",", "")) == 0 else text).replace("-", "−")


def scale_over(values: Iterable[float], *, include: Iterable[float] = (), count: int = 4) -> Scale:
    """The tightest axis with round ends that holds all values.

    Args:
        values: what will be drawn; may be empty.
        include: further values that must be on the axis (a limit, zero).
        count: ticks aimed at; one more or fewer may come out.
    """
    held = [float(v) for v in (*values, *include)]
    low, high = (min(held), max(held)) if held else (0.0, 1.0)
    if high - low <= 1e-12 * max(1.0, abs(high)):
        pad = abs(high) * 0.1 or 0.5
        low, high = low - pad, high + pad
    rough = (high - low) / (count - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * s for s in _STEPS if power * s >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(float(f"{i * step:.12g}") for i in range(first, last + 1))
    return Scale(ticks[0], ticks[-1], ticks)
