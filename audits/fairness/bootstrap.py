"""Bootstrap of confusion cells.

Resampling n rows with replacement changes the cells as one multinomial draw of n over their shares does:
the same distribution, without touching a row (Efron & Tibshirani, 1993, ch. 6). A thousand replicates of a
table of ten groups take milliseconds whatever the number of rows.

A percentile interval of a max - min gap must not be made of these: at a true gap of 0 it never covers
(docs/audits/intervals.md). What is taken from them is the variance of a metric that has no closed one.
"""

import numpy as np

from ..intervals import Proportions
from .counts import Cells

__all__ = ["macro_f1", "replicates"]


def replicates(table: Cells, *, draws: int, seed: int) -> Cells:
    """Cells of `draws` resamples of the rows.

    Args:
        table: cells of unweighted rows, (groups, classes, classes).
        draws: number of replicates.
        seed: of the random generator.

    Returns:
        Cells of shape (draws, groups, classes, classes); each replicate has as many rows as `table`.
    """
    counts = table.weight
    total = counts.sum()
    drawn = np.random.default_rng(seed).multinomial(round(total), counts.ravel() / total, size=draws)
    drawn = drawn.reshape(draws, *counts.shape).astype(float)
    return Cells(weight=drawn, squared=drawn)


def macro_f1(table: Cells, *, draws: int, seed: int) -> Proportions:
    """F1 averaged over classes, as a proportion of as many trials as give its bootstrap variance.

    Args:
        table: cells, (groups, classes, classes).
        draws: number of replicates.
        seed: of the random generator.

    Returns:
        (groups,) values in [0, 1]; NaN where a group lacks a class in truth and decision.
    """
    value = _mean_f1(table.weight)
    trials = np.zeros(len(value))
    for group in np.flatnonzero(np.isfinite(value)):
        part = table[[group]]
        effective = part.weight * (
            part.weight.sum() / part.squared.sum()
        )  # the rows themselves, without weights
        drawn = _mean_f1(
            replicates(Cells(weight=effective, squared=effective), draws=draws, seed=seed).weight
        )
        # As in intervals/delong.py: a group decided faultlessly must not have variance 0.
        fewest = max(effective.sum(axis=-1).min(), 1.0)
        variance = np.nanvar(drawn) + 0.5 / (fewest * max(fewest - 1, 1.0))
        shrunk = (value[group] * fewest + 0.5) / (fewest + 1)
        trials[group] = shrunk * (1 - shrunk) / variance
    return Proportions(value=value, trials=trials)


def _mean_f1(table: np.ndarray) -> np.ndarray:
    """(...) mean over classes of 2 TP / (2 TP + FP + FN), from (..., classes, classes) cells."""
    right = np.diagonal(table, axis1=-2, axis2=-1)
    with np.errstate(invalid="ignore"):
        return (2 * right / (table.sum(axis=-1) + table.sum(axis=-2))).mean(axis=-1)
