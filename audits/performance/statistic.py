"""A metric of n rows with the influence of each row on it, and the interval that follows.

A row's influence says by how much the metric would change, to first order, if the row counted more; the sum
of squared influences is the metric's variance (Hampel, 1974, JASA 69(346)). Two models' metrics on the same
rows differ with the variance of the difference of their influences: a paired interval, for any metric.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..findings import number
from ..intervals import Means, Proportions, tails

__all__ = ["Scale", "Statistic", "difference", "interval", "mean"]

Scale = Literal["share", "positive", "below_one"]

# As in intervals/delong.py: a metric near its end has a variance estimated near 0.
_PSEUDO_SQUARE = 0.25


@dataclass(frozen=True, kw_only=True)
class Statistic:
    """A metric, before its interval."""

    value: float
    influence: np.ndarray
    """(n,)"""
    scale: Scale
    """share: in [0, 1]; positive: an error; below_one: one minus a positive ratio (R²)."""
    smallest: float
    """Rows of the rarest class that the metric rests on; for errors, all rows."""
    trials: float | None = None
    """Number of binomial trials, where the metric is a proportion: its limits are then exact."""

    @property
    def variance(self) -> float:
        """Of `value`, from the influences."""
        return float(np.sum(self.influence**2))


def mean(values: np.ndarray, weight: np.ndarray) -> Statistic:
    """Mean of a non-negative error."""
    value = float(np.average(values, weights=weight))
    return Statistic(
        value=value,
        influence=weight * (values - value) / weight.sum(),
        scale="positive",
        smallest=len(values),
    )


def interval(statistic: Statistic, *, confidence: float) -> dict[str, Any]:
    """The metric as a number of the report."""
    estimates = _estimates(statistic)
    (low, high), (lower, upper) = (estimates.limits(z) for z in tails(confidence))
    ends = [float(end[0]) for end in (low, high, lower, upper)]
    if statistic.scale == "below_one":
        low_, high_, lower_, upper_ = ends
        ends = [1 - high_, 1 - low_, 1 - upper_, 1 - lower_]
    rows = len(statistic.influence) if statistic.trials is None else statistic.smallest
    return number(statistic.value, ends[0], ends[1], rows, (ends[2], ends[3]))


def difference(ours: Statistic, other: Statistic, *, confidence: float) -> dict[str, Any]:
    """Ours minus the other's on the same rows, with a paired interval."""
    value = ours.value - other.value
    error = float(np.sqrt(np.sum((ours.influence - other.influence) ** 2)))
    wide, narrow = (z * error for z in tails(confidence))
    rows = len(ours.influence)
    return number(value, value - wide, value + wide, rows, (value - narrow, value + narrow))


def _estimates(statistic: Statistic) -> Proportions | Means:
    value = np.array([statistic.value])
    if statistic.scale != "share":
        freedom = np.array([max(len(statistic.influence) - 1.0, 1.0)])
        rest = value if statistic.scale == "positive" else 1 - value
        return Means(value=rest, error=np.array([statistic.variance**0.5]), freedom=freedom, positive=True)
    if statistic.trials is not None:
        return Proportions(value=value, trials=np.array([statistic.trials]))
    rows = statistic.smallest
    variance = statistic.variance + 2 * _PSEUDO_SQUARE / (rows * max(rows - 1, 1))
    shrunk = (value * rows + 0.5) / (rows + 1)
    return Proportions(value=value, trials=shrunk * (1 - shrunk) / variance)
