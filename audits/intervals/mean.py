"""Limits of a mean: Student's t, on the log scale where the mean can't be negative.

A mean absolute or squared error is skewed to the right; an interval symmetric on the log scale covers
better in small groups and never reaches below 0.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, stdtrit

__all__ = ["Means"]


@dataclass(frozen=True, kw_only=True)
class Means:
    """Means of groups, with their standard errors."""

    value: np.ndarray
    """(..., groups)"""
    error: np.ndarray
    """(..., groups) standard errors of `value`; NaN where a group has fewer than two rows."""
    freedom: np.ndarray
    """(..., groups) degrees of freedom."""
    positive: bool = False
    """The quantity can't be negative: limits are symmetric on the log scale."""

    def limits(self, z: float) -> tuple[np.ndarray, np.ndarray]:
        """One-sided limits, each at the confidence of a normal quantile `z`; both are `value` at 0."""
        steps = stdtrit(np.maximum(self.freedom, 1), ndtr(z)) * self.error
        if not self.positive:
            return self.value - steps, self.value + steps
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            factor = np.where(self.error == 0, 1.0, np.exp(steps / self.value))
        return self.value / factor, self.value * factor
