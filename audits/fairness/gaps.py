"""Fairness metrics: gaps and ratios of rates between groups.

Demographic parity: Dwork et al. (2012). Equal opportunity and equalized odds: Hardt, Price & Srebro (2016).
Predictive parity: Chouldechova (2017). Values equal Fairlearn's functions of the same name.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..intervals import Interval, largest_gap, mean_gap, smallest_ratio
from .counts import ConfusionCounts
from .rates import rate

__all__ = ["DIFFERENCES", "RATIOS", "Gap", "difference", "ratio"]


@dataclass(frozen=True)
class Gap:
    """Which rates are compared between groups, and how several become one number."""

    rates: tuple[str, ...]
    interval: Callable[..., Interval] = largest_gap

    @property
    def combine(self) -> Callable[..., np.ndarray]:
        """How the gaps (or ratios) of several rates become one."""
        return {largest_gap: np.max, mean_gap: np.mean, smallest_ratio: np.min}[self.interval]


_ODDS = ("true_positive_rate", "false_positive_rate")

DIFFERENCES = {
    "demographic_parity_difference": Gap(("selection_rate",)),
    "equal_opportunity_difference": Gap(("true_positive_rate",)),
    "equalized_odds_difference": Gap(_ODDS),
    "average_odds_difference": Gap(_ODDS, mean_gap),
    "predictive_parity_difference": Gap(("positive_predictive_value",)),
    "false_positive_rate_difference": Gap(("false_positive_rate",)),
    "accuracy_difference": Gap(("accuracy",)),
}

RATIOS = {
    "demographic_parity_ratio": Gap(("selection_rate",), smallest_ratio),
    "equal_opportunity_ratio": Gap(("true_positive_rate",), smallest_ratio),
    "equalized_odds_ratio": Gap(_ODDS, smallest_ratio),
    "predictive_parity_ratio": Gap(("positive_predictive_value",), smallest_ratio),
    "accuracy_ratio": Gap(("accuracy",), smallest_ratio),
}


def difference(counts: ConfusionCounts, name: str) -> np.ndarray:
    """(...) max - min over groups of the metric's rates, in [0, 1]; 0 is parity. Skips empty groups."""
    gap = DIFFERENCES[name]
    rates = [rate(counts, of) for of in gap.rates]
    return gap.combine([np.nanmax(of, axis=-1) - np.nanmin(of, axis=-1) for of in rates], axis=0)


def ratio(counts: ConfusionCounts, name: str) -> np.ndarray:
    """(...) min / max over groups of the metric's rates, in [0, 1]; 1 is parity. NaN if all rates are 0."""
    gap = RATIOS[name]
    rates = [rate(counts, of) for of in gap.rates]
    with np.errstate(invalid="ignore"):
        return gap.combine([np.nanmin(of, axis=-1) / np.nanmax(of, axis=-1) for of in rates], axis=0)
