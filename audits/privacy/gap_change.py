"""Did the gap between groups grow? The difference of two models' largest gaps on the same rows.

A gap is a maximum over pairs of groups, and the two models may have theirs between other pairs. If (a, b) is
truly furthest apart under one and (c, d) under the other, the change is that of one linear combination of
four rates, which has an interval of its own. Which pairs these are isn't known. So the interval spans those
of all pairs that may be furthest apart: that simultaneous limits don't rule out, for which a fifth of the
error is set aside (Berger & Boos, 1994, JASA 89(427)).

In a group that takes part under both models the rates are paired by row: what both get wrong cancels out.
Where no pair is clearly furthest apart the interval is wide, for then the sign of the change is open. No gap
grows by more than it is, nor shrinks by more than it was.
"""

from collections.abc import Sequence

import numpy as np

from ..intervals import GATE, Estimates, Interval, critical_value, pointwise
from ..performance.statistic import Statistic, combined_reach
from .side import Side

__all__ = ["gap_change"]

_SET_ASIDE = 0.1
"""Share of the error that is spent on which pair is furthest apart, for each model."""

_MOST = 1_000_000
"""Combinations of pairs that are looked at."""


def gap_change(
    new: Sequence[Statistic], old: Sequence[Statistic], *, confidence: float = 0.95
) -> Interval | None:
    """The new model's largest difference between two groups minus the old one's.

    Args:
        new: the new model's metric in each of two groups or more.
        old: the old model's, of the same rows.
        confidence: of the two-sided interval; the one-sided bounds are at 95%.

    Returns:
        None where too many groups lie too close to each other.
    """
    ends = [_limits(new, old, error) for error in ((1 - confidence) / 2, 1 - GATE)]
    if ends[0] is None or ends[1] is None:
        return None
    value = np.ptp(Side(new).value) - np.ptp(Side(old).value)
    return Interval(value=value, low=ends[0][0], high=ends[0][1], one_sided=ends[1])


def _limits(
    new: Sequence[Statistic], old: Sequence[Statistic], error: float
) -> tuple[np.ndarray, np.ndarray] | None:
    """One-sided limits, each wrong with this probability at most."""
    critical = critical_value([len(new)], 1 - _SET_ASIDE * error)
    (a, b, largest), (c, d, largest_before) = (_furthest(Side(of), critical) for of in (new, old))
    a, b = a[:, None], b[:, None]
    if len(a) * len(c) > _MOST:
        return None
    reach = _squared_reaches(new, old, pointwise(1 - (1 - 2 * _SET_ASIDE) * error))
    ours, theirs, apart, together = reach
    squared = (
        np.where(a == c, apart[a], np.where(a == d, together[a], ours[a]))
        + np.where(b == d, apart[b], np.where(b == c, together[b], ours[b]))
        + np.where((c == a) | (c == b), 0.0, theirs[c])
        + np.where((d == a) | (d == b), 0.0, theirs[d])
    )
    x, y = Side(new).value, Side(old).value
    change = (x[a] - x[b]) - (y[c] - y[d])  # (pairs of the new model, pairs of the old one)
    low, high = (change - np.sqrt(squared)).min(), (change + np.sqrt(squared)).max()
    return np.maximum(low, -largest_before), np.minimum(high, largest)


def _squared_reaches(
    new: Sequence[Statistic], old: Sequence[Statistic], z: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(groups,) each: of the new metric, of the old one, of their difference, of their sum."""
    pairs = list(zip(new, old, strict=True))
    signs = ((1, 0), (0, 1), (1, -1), (1, 1))
    ours, theirs, apart, together = (
        np.array([combined_reach(pair, sign, z) for pair in pairs]) ** 2 for sign in signs
    )
    return ours, theirs, apart, together


def _furthest(estimates: Estimates, critical: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs that may be furthest apart, the higher group first, and by how much they are so at most.

    All of it holds together, at the confidence of `critical`; limits are those of `intervals.largest_gap`.
    """
    (low, high), (lower, upper) = estimates.limits(0.0), estimates.limits(critical)
    down, up = (low - lower) ** 2, (upper - high) ** 2
    below = low[:, None] - high[None, :] - np.sqrt(down[:, None] + up[None, :])
    above = high[:, None] - low[None, :] + np.sqrt(up[:, None] + down[None, :])
    np.fill_diagonal(below, -np.inf)
    np.fill_diagonal(above, -np.inf)
    first, second = np.nonzero(above >= below.max())
    return first, second, above.max()
