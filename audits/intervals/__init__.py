"""Intervals that hold in small groups: limits of rates, means and areas, and gaps between groups."""

from .delong import area_limits, roc_area, ties
from .gap import Estimates, Interval, largest_gap, mean_gap, smallest_ratio
from .mass import Mass
from .mean import Means, Moments, Roots, means
from .proportion import Proportions, effective_trials
from .simultaneous import GATE, critical_value, pointwise, tails
from .widened import capped, widened

__all__ = [
    "GATE",
    "Estimates",
    "Interval",
    "Mass",
    "Means",
    "Moments",
    "Proportions",
    "Roots",
    "area_limits",
    "capped",
    "critical_value",
    "effective_trials",
    "largest_gap",
    "mean_gap",
    "means",
    "pointwise",
    "roc_area",
    "smallest_ratio",
    "tails",
    "ties",
    "widened",
]
