"""Intervals of the largest gap and of the smallest ratio between groups.

A gap is max - min over groups, so the gap is at most L exactly when every pairwise difference is. Hence

- its **upper** bound is the largest of the pairwise upper bounds, each at its own confidence: to miss the
  gap, the bound of the one pair that is truly furthest apart must miss (intersection-union; Berger, 1982).
  No correction;
- its **lower** bound is the largest of the pairwise lower bounds, which must hold all at once (max-T), for
  the largest of many noisy differences is large even where every true one is 0.

A percentile bootstrap of max - min covers a true gap of 0 never: each replicate's gap is positive.

A pairwise difference has MOVER limits (Donner & Zou, 2002, "Interval estimation for a difference between
intraclass kappa statistics"; Newcombe, 1998, method 10): each group's exact limits, combined as the root of
squared distances. The distances are measured from the medians of each group's lower and upper confidence
distributions instead of from the estimate. This is a closed form of melded intervals (Fay, Proschan &
Brittain, 2015, Biometrics 71(1)), and keeps the nominal one-sided coverage at every rate, where the
distance from the estimate falls to 93%.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .simultaneous import GATE, critical_value, tails

__all__ = ["Estimates", "Interval", "largest_gap", "mean_gap", "smallest_ratio"]

_PAIRS_AT_ONCE = 4_000_000


class Estimates(Protocol):
    """Independent estimates of groups: a value each, and one-sided limits at any confidence."""

    @property
    def value(self) -> np.ndarray:
        """(..., groups)"""
        ...

    def limits(self, z: float) -> tuple[np.ndarray, np.ndarray]:
        """(..., groups) lower and upper limits at the confidence of a normal quantile `z`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Interval:
    """An estimate, its two-sided interval and its two one-sided bounds; arrays of the leading shape."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    one_sided: tuple[np.ndarray, np.ndarray]


def largest_gap(*families: Estimates, confidence: float = 0.95, span: float = 1.0) -> Interval:
    """Largest difference between two groups, in any of the families.

    One family gives demographic parity and the like; true and false positive rates together give equalized
    odds.

    Args:
        families: estimates of shape (..., groups), at least two groups each.
        confidence: of the two-sided interval; the one-sided bounds are at 95%.
        span: the largest gap that can be: 1 for rates, infinity for errors.
    """
    groups = [family.value.shape[-1] for family in families]
    criticals = critical_value(groups, confidence), critical_value(groups, GATE)
    with np.errstate(invalid="ignore"):
        value = np.maximum.reduce([np.ptp(family.value, axis=-1) for family in families])
    low, lower = (np.maximum.reduce([_lower(family, z) for family in families]) for z in criticals)
    high, upper = (
        np.minimum(np.maximum.reduce([_upper(family, z) for family in families]), span)
        for z in tails(confidence)
    )
    return Interval(value=value, low=low, high=high, one_sided=(lower, upper))


def mean_gap(*families: Estimates, confidence: float = 0.95, span: float = 1.0) -> Interval:
    """Mean over families of each family's largest gap: average odds.

    The mean of maxima is the maximum over one pair from each family, so the argument for the upper bound
    holds.
    """
    groups = [family.value.shape[-1] for family in families]
    criticals = critical_value(groups, confidence), critical_value(groups, GATE)
    value = np.mean([np.ptp(family.value, axis=-1) for family in families], axis=0)
    low, lower = (np.mean([_lower(family, z) for family in families], axis=0) for z in criticals)
    high, upper = (np.minimum(_upper_of_sum(families, z) / len(families), span) for z in tails(confidence))
    return Interval(value=value, low=low, high=high, one_sided=(lower, upper))


def smallest_ratio(*families: Estimates, confidence: float = 0.95) -> Interval:
    """Smallest ratio of one group's rate to another's, in any of the families: in [0, 1], 1 is parity.

    It is exp(-gap) of the logarithms, with the roles of the two bounds exchanged.
    """
    gap = largest_gap(*(_Logarithms(family) for family in families), confidence=confidence, span=np.inf)
    lower, upper = gap.one_sided
    return Interval(
        value=np.exp(-gap.value),
        low=np.exp(-gap.high),
        high=np.exp(-gap.low),
        one_sided=(np.exp(-upper), np.exp(-lower)),
    )


@dataclass(frozen=True)
class _Logarithms:
    """Estimates on the log scale; log 0 is minus infinity, and stays an unbounded limit."""

    of: Estimates

    @property
    def value(self) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return np.log(self.of.value)

    def limits(self, z: float) -> tuple[np.ndarray, np.ndarray]:
        with np.errstate(divide="ignore"):
            lower, upper = self.of.limits(z)
            return np.log(lower), np.log(upper)


def _distances(family: Estimates, z: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(..., groups) lower and upper medians, and the squared distances from them to the limits at `z`."""
    lower_median, upper_median = family.limits(0.0)
    lower, upper = family.limits(z)
    with np.errstate(invalid="ignore"):
        below = np.where(np.isinf(lower_median), 0.0, (lower_median - lower) ** 2)
        above = np.where(np.isinf(upper_median), 0.0, (upper - upper_median) ** 2)
    return lower_median, upper_median, below, above


def _upper(family: Estimates, z: float) -> np.ndarray:
    """(...) largest pairwise upper limit: of group g minus group h, over all g != h."""
    lower_median, upper_median, below, above = _distances(family, z)
    return _over_pairs(upper_median, above, lower_median, below, sign=1.0)


def _lower(family: Estimates, z: float) -> np.ndarray:
    """(...) largest pairwise lower limit, at least 0: a gap is never negative."""
    lower_median, upper_median, below, above = _distances(family, z)
    return np.maximum(_over_pairs(lower_median, below, upper_median, above, sign=-1.0), 0.0)


def _over_pairs(
    first: np.ndarray,
    first_squared: np.ndarray,
    second: np.ndarray,
    second_squared: np.ndarray,
    *,
    sign: float,
) -> np.ndarray:
    """(...) max over g != h of `first[g] - second[h] + sign * sqrt(first_squared[g] + second_squared[h])`."""
    groups = first.shape[-1]
    best = np.full(first.shape[:-1], -np.inf)
    block = max(1, _PAIRS_AT_ONCE // max(1, first.size))
    for start in range(0, groups, block):
        rows = slice(start, min(start + block, groups))
        reach = np.sqrt(first_squared[..., rows, None] + second_squared[..., None, :])
        pairs = first[..., rows, None] - second[..., None, :] + sign * reach  # (..., block, groups)
        pairs[..., np.arange(rows.stop - start), np.arange(start, rows.stop)] = -np.inf
        best = np.maximum(best, pairs.max(axis=(-2, -1)))
    return best


def _upper_of_sum(families: Sequence[Estimates], z: float) -> np.ndarray:
    """(...) largest upper limit of a sum of one pairwise difference from each family.

    Its square root runs over pairs of pairs. sqrt(v) = min over t of v / 2t + t / 2 turns that into a
    largest value over single groups for each t; by weak duality the least of these is never below the limit
    that is sought.
    """
    distances = [_distances(family, z) for family in families]
    most = sum(above.max(axis=-1) + below.max(axis=-1) for _, _, below, above in distances)
    steps = np.geomspace(1e-3, 1.0, 200) * np.sqrt(np.maximum(most, 1e-30))[..., None]  # (..., steps)
    total = steps / 2
    for lower_median, upper_median, below, above in distances:
        total = total + _highest(upper_median, above, steps) + _highest(-lower_median, below, steps)
    return total.min(axis=-1)


def _highest(centre: np.ndarray, squared: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """(..., steps) max over groups of `centre + squared / (2 steps)`."""
    return (centre[..., None, :] + squared[..., None, :] / (2 * steps[..., None])).max(axis=-1)
