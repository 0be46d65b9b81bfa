"""Rates of groups: each is a share of some confusion cells among some others.

Definitions as in Fairlearn's `MetricFrame` (Bird et al., 2020) and in Verma & Rubin, "Fairness definitions
explained" (2018). A rate of a group without a row in its denominator is NaN, never 0.
"""

from dataclasses import dataclass

import numpy as np

from ..intervals import Proportions
from .counts import ConfusionCounts

__all__ = ["RATES", "Rate", "proportions", "rate", "sides"]


@dataclass(frozen=True)
class Rate:
    """hits / (hits + misses), each a sum of confusion cells."""

    hits: tuple[str, ...]
    misses: tuple[str, ...]
    needs: str
    """Which rows the denominator is made of, for the sentence when there is none."""


RATES = {
    "selection_rate": Rate(("tp", "fp"), ("fn", "tn"), "rows"),
    "base_rate": Rate(("tp", "fn"), ("fp", "tn"), "rows"),
    "accuracy": Rate(("tp", "tn"), ("fp", "fn"), "rows"),
    "true_positive_rate": Rate(("tp",), ("fn",), "truly positive rows"),
    "false_negative_rate": Rate(("fn",), ("tp",), "truly positive rows"),
    "false_positive_rate": Rate(("fp",), ("tn",), "truly negative rows"),
    "true_negative_rate": Rate(("tn",), ("fp",), "truly negative rows"),
    "positive_predictive_value": Rate(("tp",), ("fp",), "rows decided positively"),
    "negative_predictive_value": Rate(("tn",), ("fn",), "rows decided negatively"),
}


def rate(counts: ConfusionCounts, name: str) -> np.ndarray:
    """(..., groups) rate by name, in [0, 1]; NaN where its denominator is empty."""
    hits, misses = sides(counts, name)
    with np.errstate(invalid="ignore"):
        return hits / (hits + misses)


def proportions(counts: ConfusionCounts, squared: ConfusionCounts, name: str) -> Proportions:
    """The rate with its exact limits; `squared` holds the sums of squared weights."""
    return Proportions.weighted(*sides(counts, name), *sides(squared, name))


def sides(counts: ConfusionCounts, name: str) -> tuple[np.ndarray, np.ndarray]:
    """(..., groups) hits and misses."""
    of = RATES[name]
    hits, misses = (np.sum([getattr(counts, cell) for cell in side], axis=0) for side in (of.hits, of.misses))
    return hits, misses
