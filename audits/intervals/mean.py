"""Limits of a mean: Student's t, taken after one more row at the end that the limit guards against.

Errors are skewed: most are small, few are large, and a sample of 20 has often not seen the large ones.
Student's interval then covers as little as 75% (docs/audits/intervals.md). So a limit is computed from the
rows and one more: as far out as the furthest (of a quantity with two signs), or twice as large as the
largest (of a non-negative one, whose limits are also symmetric on the log scale and never reach below 0).
Its influence vanishes like 1/n.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, stdtrit

from .mass import Mass

__all__ = ["Means", "Moments", "Roots", "means"]


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Means of groups with their standard errors; arrays of shape (..., groups)."""

    mean: np.ndarray
    error: np.ndarray
    """NaN where a group has fewer than two rows."""
    freedom: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Means:
    """Means of groups; each limit has moments of its own."""

    value: np.ndarray
    below: Moments
    """What the lower limit is computed from."""
    above: Moments
    """What the upper limit is computed from."""
    positive: bool
    """The quantity can't be negative."""

    def limits(self, z: float) -> tuple[np.ndarray, np.ndarray]:
        """(..., groups) one-sided limits, each at the confidence of a normal quantile `z`."""
        return self._limit(self.below, -z), self._limit(self.above, z)

    def _limit(self, moments: Moments, z: float) -> np.ndarray:
        step = stdtrit(moments.freedom, ndtr(z)) * moments.error
        if not self.positive:
            return moments.mean + step
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return np.where(moments.error == 0, moments.mean, moments.mean * np.exp(step / moments.mean))


@dataclass(frozen=True)
class Roots:
    """Square roots of means: of mean squared errors."""

    of: Means

    @property
    def value(self) -> np.ndarray:
        """(..., groups)"""
        return np.sqrt(self.of.value)

    def limits(self, z: float) -> tuple[np.ndarray, np.ndarray]:
        """(..., groups) one-sided limits, each at the confidence of a normal quantile `z`."""
        lower, upper = self.of.limits(z)
        return np.sqrt(lower), np.sqrt(upper)


def means(
    values: np.ndarray,
    codes: np.ndarray,
    groups: int,
    weight: np.ndarray | Mass | None = None,
    *,
    positive: bool,
    unseen: float = 0.0,
) -> Means:
    """Means of groups of rows, and the moments behind their limits.

    Args:
        values: (n,)
        codes: (n,) group of each row, below `groups`.
        groups: number of groups, none of them empty.
        weight: (n,) sample weights, or the mass of entries that stand for several rows.
        positive: whether the quantity can't be negative.
        unseen: a value that must be reckoned with even if nothing near it was seen; for positive quantities.
    """
    mass = Mass.of(weight, len(values))
    rows, total, squared = (np.bincount(codes, of, groups) for of in (mass.rows, mass.weight, mass.squared))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(codes, mass.weight * values, groups) / total
    centred = values - mean[codes]
    first, second = (np.bincount(codes, mass.squared * centred**power, groups) for power in (1, 2))

    def with_row(at: np.ndarray) -> Moments:
        """Moments of the rows and of one more of average weight, `at` from the mean."""
        shift, heavier = at / (rows + 1), total * (1 + 1 / rows)
        around = second - 2 * shift * first + shift**2 * squared + (total / rows * (at - shift)) ** 2
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.sqrt(around * (rows + 1) / rows) / heavier
        return Moments(mean=mean + shift, error=np.where(rows > 1, error, np.nan), freedom=rows * 1.0)

    largest, smallest = np.full(groups, -np.inf), np.full(groups, np.inf)
    np.maximum.at(largest, codes, centred)
    np.minimum.at(smallest, codes, centred)
    if not positive:
        return Means(value=mean, below=with_row(smallest), above=with_row(largest), positive=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(rows > 1, np.sqrt(second * rows / (rows - 1)) / total, np.nan)
    worst = np.maximum(2 * (largest + mean), unseen)
    plain = Moments(mean=mean, error=error, freedom=np.maximum(rows - 1.0, 1.0))
    return Means(value=mean, below=plain, above=with_row(worst - mean), positive=True)
