"""Critical values for all pairwise differences at once (max-T).

Tukey-Kramer: the largest of the standardised differences between any two of `k` groups is at most the range
of `k` normal variables divided by sqrt(2), whatever their sizes (Hayter, 1984, Annals of Statistics 12(1)).
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

__all__ = ["GATE", "critical_value", "pointwise", "tails"]

GATE = 0.95
"""Confidence of each one-sided bound, whatever the confidence of the intervals shown: gates decide by it."""


def pointwise(level: float) -> float:
    """Normal quantile of one bound on its own."""
    return float(ndtri(level))


def tails(confidence: float) -> tuple[float, float]:
    """Normal quantiles of the two-sided interval and of the one-sided bounds."""
    return pointwise((1 + confidence) / 2), pointwise(GATE)


def critical_value(groups: Sequence[int], confidence: float) -> float:
    """What no standardised pairwise difference exceeds in absolute value, with this confidence.

    Args:
        groups: number of groups in each family; differences are taken within a family, and families (such
            as true and false positive rates) rest on different rows, so they are independent.
        confidence: of all differences of all families together.
    """
    return _critical_value(tuple(sorted(k for k in groups if k > 1)), confidence)


@lru_cache(maxsize=1024)
def _critical_value(groups: tuple[int, ...], confidence: float) -> float:
    def excess(critical: float) -> float:
        return float(np.prod([_range_probability(critical * np.sqrt(2), k) for k in groups])) - confidence

    if not groups:
        return pointwise((1 + confidence) / 2)
    return float(brentq(excess, 0.0, 40.0, xtol=1e-10))  # type: ignore[arg-type]


def _range_probability(width: float, groups: int) -> float:
    """P(range of `groups` standard normals <= width) = k ∫ φ(x) [Φ(x) - Φ(x - width)]^(k-1) dx."""
    x = np.linspace(-9.0, 9.0 + min(width, 9.0), 4001)
    density = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    return float(np.trapezoid(groups * density * (ndtr(x) - ndtr(x - width)) ** (groups - 1), x))
