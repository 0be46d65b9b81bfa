"""The metric of each group under one model, and its change under another, as estimates of groups."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..performance.statistic import Statistic, combined_reach

__all__ = ["Change", "Side"]


@dataclass(frozen=True)
class Side:
    """One model's groups."""

    of: Sequence[Statistic]

    @property
    def value(self) -> np.ndarray:
        """(groups,)"""
        return np.array([statistic.value for statistic in self.of])

    def limits(self, z: float) -> tuple[np.ndarray, np.ndarray]:
        """(groups,) lower and upper limits at the confidence of a normal quantile `z`."""
        ends = np.array([[float(end[0]) for end in one.estimates.limits(z)] for one in self.of])
        return ends[:, 0], ends[:, 1]


@dataclass(frozen=True)
class Change:
    """The new model's metric minus the old one's in each group, paired by row."""

    new: Sequence[Statistic]
    old: Sequence[Statistic]

    @property
    def value(self) -> np.ndarray:
        """(groups,)"""
        return Side(self.new).value - Side(self.old).value

    def limits(self, z: float) -> tuple[np.ndarray, np.ndarray]:
        """(groups,) lower and upper limits at the confidence of a normal quantile `z`."""
        pairs = zip(self.new, self.old, strict=True)
        reach = np.array([combined_reach(pair, (1, -1), z) for pair in pairs])
        return self.value - reach, self.value + reach
