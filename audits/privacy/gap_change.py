"""Did the gap between groups grow? The difference of two models' largest gaps on the same rows.

A gap is a maximum over pairs of groups, and the two models may have theirs between other pairs. Let (a, b) be
the pair that is truly furthest apart under the new model. The old gap is at least the old difference of any
pair (c, d), so the gap has grown by at most what the new difference of (a, b) exceeds that of (c, d) by. The
smallest such bound counts, which is why they must hold for all (c, d) at once (max-T). Which pair (a, b) is
isn't known, so the largest bound counts of all pairs that simultaneous limits don't rule out: a tenth of the
error is set aside for them (Berger & Boos, 1994, JASA 89(427)). The lower bound is the same with the models
exchanged; and no gap grows by more than it is, nor shrinks by more than it was.

In a group that takes part under both models the rates are paired by row: what both get wrong cancels out.
"""

from collections.abc import Sequence

import numpy as np

from ..intervals import GATE, Estimates, Interval, critical_value
from ..performance.statistic import Statistic, combined_reach
from .side import Side

__all__ = ["gap_change"]

_SET_ASIDE = 0.1
"""Share of the error that is spent on which pair is furthest apart."""

_MOST = 4_000_000
"""Combinations of two pairs that are looked at: 45 groups."""


def gap_change(
    new: Sequence[Statistic], old: Sequence[Statistic], *, confidence: float = 0.95
) -> Interval | None:
    """The new model's largest difference between two groups minus the old one's.

    Args:
        new: the new model's metric in each of two groups or more.
        old: the old model's, of the same rows.
        confidence: of the two-sided interval; the one-sided bounds are at 95%.

    Returns:
        None where there are too many groups.
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
    groups = len(new)
    if (groups * (groups - 1)) ** 2 > _MOST:
        return None
    change, squared = _combinations(new, old, critical_value([groups], 1 - (1 - _SET_ASIDE) * error))
    lower, upper = change - np.sqrt(squared), change + np.sqrt(squared)
    critical = critical_value([groups], 1 - _SET_ASIDE * error)
    (after, most), (before, most_before) = (_furthest(Side(of), critical) for of in (new, old))
    low, high = lower.max(axis=0)[before].min(), upper.min(axis=1)[after].max()
    return np.maximum(low, -most_before), np.minimum(high, most)


def _combinations(
    new: Sequence[Statistic], old: Sequence[Statistic], z: float
) -> tuple[np.ndarray, np.ndarray]:
    """(pairs, pairs) of one pair's new difference minus another's old one: value and squared reach at `z`."""
    first, second = _pairs(len(new))
    (a, b), (c, d) = (first[:, None], second[:, None]), (first, second)
    ours, theirs, apart, together = _squared_reaches(new, old, z)
    squared = (
        np.where(a == c, apart[a], np.where(a == d, together[a], ours[a]))
        + np.where(b == d, apart[b], np.where(b == c, together[b], ours[b]))
        + np.where((c == a) | (c == b), 0.0, theirs[c])
        + np.where((d == a) | (d == b), 0.0, theirs[d])
    )
    x, y = Side(new).value, Side(old).value
    return (x[a] - x[b]) - (y[c] - y[d]), squared


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


def _furthest(estimates: Estimates, critical: float) -> tuple[np.ndarray, np.ndarray]:
    """(pairs,) bool, which may be furthest apart, and by how much a pair is at most.

    Both hold together, at the confidence of `critical`; limits are those of `intervals.largest_gap`.
    """
    first, second = _pairs(len(estimates.value))
    (low, high), (lower, upper) = estimates.limits(0.0), estimates.limits(critical)
    down, up = (low - lower) ** 2, (upper - high) ** 2
    below = low[first] - high[second] - np.sqrt(down[first] + up[second])
    above = high[first] - low[second] + np.sqrt(up[first] + down[second])
    return above >= below.max(), above.max()


def _pairs(groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Every ordered pair of different groups."""
    first, second = np.nonzero(~np.eye(groups, dtype=bool))
    return first, second
