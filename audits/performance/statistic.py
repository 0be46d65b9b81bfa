"""A metric of n rows, the influence of each row on it, and the intervals that follow.

A row's influence says by how much the metric would change, to first order, if the row counted more; the sum
of squared influences is the metric's variance (Hampel, 1974, JASA 69(346)). Two models' metrics on the same
rows differ with the variance of the difference of their influences: a paired interval, for any metric.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr

from ..findings import number
from ..intervals import Estimates, Mass, Proportions, means, tails, widened

__all__ = ["Statistic", "combined_reach", "difference", "interval", "mean", "share"]

# As in intervals/delong.py: a metric near its end has a variance estimated near 0.
_PSEUDO_SQUARE = 0.25


@dataclass(frozen=True, kw_only=True)
class Statistic:
    """A metric, before its interval."""

    influence: np.ndarray
    """(n,) of each entry; of one that stands for several rows, the root of the sum of their squares."""
    estimates: Estimates
    """The value, as an array of one, with its limits."""
    rows: float
    """Rows that the metric rests on."""

    @property
    def value(self) -> float:
        """The metric."""
        return float(self.estimates.value[0])


def share(
    value: float, influence: np.ndarray, *, smallest: float, rows: float, slack: float = 0.0
) -> Statistic:
    """A metric in [0, 1] that is no proportion, with the limits of one that has the same variance.

    Args:
        value: the metric.
        influence: (n,)
        smallest: rows of the rarest class that it rests on.
        rows: that it rests on.
        slack: how far condensing rows may have moved it; its limits are widened by that.
    """
    variance = np.sum(influence**2) + 2 * _PSEUDO_SQUARE / (smallest * max(smallest - 1, 1))
    shrunk = (value * smallest + 0.5) / (smallest + 1)
    trials = np.array([shrunk * (1 - shrunk) / variance])
    return Statistic(
        influence=influence,
        estimates=widened(Proportions(value=np.array([value]), trials=trials), np.array([slack])),
        rows=rows,
    )


def mean(values: np.ndarray, mass: Mass, *, unseen: float = 0.0) -> Statistic:
    """Mean of a non-negative error; `unseen` is an error that must be reckoned with even if none was seen."""
    value = float(np.average(values, weights=mass.weight))
    return Statistic(
        influence=mass.root * (values - value) / mass.weight.sum(),
        estimates=means(values, np.zeros(len(values), dtype=int), 1, mass, positive=True, unseen=unseen),
        rows=float(mass.rows.sum()),
    )


def interval(statistic: Statistic, *, confidence: float) -> dict[str, Any] | None:
    """The metric as a number of the report; None where a single row leaves its limits unknown."""
    ends = [float(end[0]) for z in tails(confidence) for end in statistic.estimates.limits(z)]
    if not np.all(np.isfinite(ends)):
        return None
    return number(statistic.value, ends[0], ends[1], statistic.rows, (ends[2], ends[3]))


def difference(ours: Statistic, other: Statistic, *, confidence: float) -> dict[str, Any]:
    """Ours minus the other's on the same rows, with a paired interval.

    Two models that agree on every row of a small sample may still differ, so the interval reckons with one
    more row on which they do. Without any disagreement its one-sided bound is the exact one of an event that
    was not seen (-ln(0.05) rows, the rule of three); with k of them it keeps to the Poisson limits of k.
    """
    value = ours.value - other.value
    wide, narrow = (combined_reach((ours, other), (1, -1), z) for z in tails(confidence))
    return number(value, value - wide, value + wide, ours.rows, (value - narrow, value + narrow))


def combined_reach(of: tuple[Statistic, Statistic], signs: tuple[int, int], z: float) -> float:
    """How far the limits of a combination of two metrics on the same rows lie from it.

    Args:
        of: the metrics.
        signs: 1, 0 or -1 for each: (1, -1) is their difference.
        z: normal quantile of the limits.
    """
    parts = [
        (sign * one.influence, abs(sign) * _most_of_a_row(one)) for one, sign in zip(of, signs, strict=True)
    ]
    squared = float(np.sum(sum(influence for influence, _ in parts) ** 2))
    # One row more that both get wrong moves a difference by one of the two, and a sum by both.
    row = (max if signs[0] * signs[1] < 0 else sum)(most for _, most in parts)
    return float((-np.log(ndtr(-z)) - z) * row + z * np.sqrt(squared + row**2))


def _most_of_a_row(statistic: Statistic) -> float:
    """By how much one row may change a metric: as the most telling row does, or a miss among all hits."""
    unseen = 1 / statistic.rows if isinstance(statistic.estimates, Proportions) else 0.0
    return max(unseen, float(np.abs(statistic.influence).max(initial=0.0)))
