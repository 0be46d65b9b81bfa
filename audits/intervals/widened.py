"""Limits of shares that are known only up to an error: each is moved out by it."""

from dataclasses import dataclass

import numpy as np

from .gap import Estimates

__all__ = ["widened"]


def widened(estimates: Estimates, slack: np.ndarray) -> Estimates:
    """Estimates in [0, 1] whose limits allow for an error of at most `slack`, (..., groups), of the value."""
    return _Widened(estimates, slack) if np.any(slack) else estimates


@dataclass(frozen=True)
class _Widened:
    of: Estimates
    slack: np.ndarray

    @property
    def value(self) -> np.ndarray:
        return self.of.value

    def limits(self, z: float) -> tuple[np.ndarray, np.ndarray]:
        lower, upper = self.of.limits(z)
        return np.maximum(lower - self.slack, 0.0), np.minimum(upper + self.slack, 1.0)
