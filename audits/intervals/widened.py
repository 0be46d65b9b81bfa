"""Limits moved: out, where a share is known only up to an error; in, where nothing larger is possible."""

from dataclasses import dataclass

import numpy as np

from .gap import Estimates

__all__ = ["capped", "widened"]


def widened(estimates: Estimates, slack: np.ndarray) -> Estimates:
    """Estimates in [0, 1] whose limits allow for an error of at most `slack`, (..., groups), of the value."""
    return _Widened(estimates, slack) if np.any(slack) else estimates


def capped(estimates: Estimates, most: float) -> Estimates:
    """Estimates of something that is at most `most`."""
    return _Capped(estimates, most)


@dataclass(frozen=True)
class _Capped:
    of: Estimates
    most: float

    @property
    def value(self) -> np.ndarray:
        return self.of.value

    def limits(self, z: float) -> tuple[np.ndarray, np.ndarray]:
        lower, upper = self.of.limits(z)
        return lower, np.minimum(upper, self.most)


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
