"""A counted share with its exact interval."""

from typing import Any

import numpy as np

from ..findings import number
from ..intervals import Proportions, tails

__all__ = ["counted", "share"]


def share(hits: float, of: float, confidence: float) -> dict[str, Any]:
    """A rate of a sample, with Clopper and Pearson's exact limits.

    It speaks of the population only if the rows were drawn from it at random and one by one.
    """
    rates = Proportions(value=np.array([hits / of]), trials=np.array([float(of)]))
    (low, high), (lower, upper) = (rates.limits(z) for z in tails(confidence))
    return number(hits / of, low[0], high[0], of, (float(lower[0]), float(upper[0])))


def counted(value: float, n: float) -> dict[str, Any]:
    """A number that was counted in these very rows: nothing about it is uncertain."""
    return number(value, value, value, n, (value, value))
