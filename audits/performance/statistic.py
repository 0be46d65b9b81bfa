"""A metric of n rows, the influence of each row on it, and the intervals that follow.

A row's influence says by how much the metric would change, to first order, if the row counted more; the sum
of squared influences is the metric's variance (Hampel, 1974, JASA 69(346)). Two models' metrics on the same
rows differ with the variance of the difference of their influences: a paired interval, for any metric.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..findings import number
from ..intervals import Estimates, Proportions, means, tails

__all__ = ["Statistic", "difference", "interval", "mean", "share"]

# As in intervals/delong.py: a metric near its end has a variance estimated near 0.
_PSEUDO_SQUARE = 0.25


@dataclass(frozen=True, kw_only=True)
class Statistic:
    """A metric, before its interval."""

    influence: np.ndarray
    """(n,)"""
    estimates: Estimates
    """The value, as an array of one, with its limits."""
    rows: float
    """Rows that the metric rests on."""

    @property
    def value(self) -> float:
        """The metric."""
        return float(self.estimates.value[0])


def share(value: float, influence: np.ndarray, *, smallest: float) -> Statistic:
    """A metric in [0, 1] that is no proportion, with the limits of one that has the same variance.

    Args:
        value: the metric.
        influence: (n,)
        smallest: rows of the rarest class that it rests on.
    """
    variance = np.sum(influence**2) + 2 * _PSEUDO_SQUARE / (smallest * max(smallest - 1, 1))
    shrunk = (value * smallest + 0.5) / (smallest + 1)
    trials = np.array([shrunk * (1 - shrunk) / variance])
    return Statistic(
        influence=influence,
        estimates=Proportions(value=np.array([value]), trials=trials),
        rows=len(influence),
    )


def mean(values: np.ndarray, weight: np.ndarray, *, unseen: float = 0.0) -> Statistic:
    """Mean of a non-negative error; `unseen` is an error that must be reckoned with even if none was seen."""
    value = float(np.average(values, weights=weight))
    return Statistic(
        influence=weight * (values - value) / weight.sum(),
        estimates=means(values, np.zeros(len(values), dtype=int), 1, weight, positive=True, unseen=unseen),
        rows=len(values),
    )


def interval(statistic: Statistic, *, confidence: float) -> dict[str, Any] | None:
    """The metric as a number of the report; None where a single row leaves its limits unknown."""
    ends = [float(end[0]) for z in tails(confidence) for end in statistic.estimates.limits(z)]
    if not np.all(np.isfinite(ends)):
        return None
    return number(statistic.value, ends[0], ends[1], statistic.rows, (ends[2], ends[3]))


def difference(ours: Statistic, other: Statistic, *, confidence: float) -> dict[str, Any]:
    """Ours minus the other's on the same rows, with a paired interval."""
    value = ours.value - other.value
    error = float(np.sqrt(np.sum((ours.influence - other.influence) ** 2)))
    wide, narrow = (z * error for z in tails(confidence))
    rows = len(ours.influence)
    return number(value, value - wide, value + wide, rows, (value - narrow, value + narrow))
