"""Confusion counts of groups, and the cells that they come from.

One pass over the rows makes a table of (group × y_true × y_pred) cells. Every rate, gap and bootstrap
replicate is computed from the table, so after that pass nothing depends on the number of rows. Tables of
parts of the rows add up.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..intervals import Mass
from .groups import Groups

__all__ = ["Cells", "ConfusionCounts", "cells"]


@dataclass(frozen=True, kw_only=True)
class ConfusionCounts:
    """How many rows (or how much weight) of each group were decided rightly and wrongly."""

    tp: np.ndarray
    """(..., groups) positive, and said to be."""
    fp: np.ndarray
    """(..., groups) negative, but said to be positive."""
    fn: np.ndarray
    """(..., groups) positive, but said to be negative."""
    tn: np.ndarray
    """(..., groups) negative, and said to be."""

    @property
    def total(self) -> np.ndarray:
        """(..., groups)"""
        return self.tp + self.fp + self.fn + self.tn


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Weight in each (group, y_true, y_pred) cell, and the sum of squared weights beside it."""

    weight: np.ndarray
    """(..., groups, classes, classes)"""
    squared: np.ndarray
    """the same shape; equal to `weight` where rows aren't weighted."""

    def confusion(self, positive: int = 1) -> ConfusionCounts:
        """Counts of one class against the rest."""
        return _one_vs_rest(self.weight, positive)

    def confusion_squared(self, positive: int = 1) -> ConfusionCounts:
        """The same of squared weights."""
        return _one_vs_rest(self.squared, positive)

    def __getitem__(self, groups: ArrayLike) -> "Cells":
        """Cells of some groups."""
        index = np.asarray(groups)
        return Cells(weight=self.weight[..., index, :, :], squared=self.squared[..., index, :, :])


def cells(
    groups: Groups,
    y_true: np.ndarray,
    y_pred: np.ndarray,
    classes: int,
    weight: np.ndarray | Mass | None = None,
) -> Cells:
    """Count rows by group, truth and decision.

    Args:
        groups: partition of the n rows.
        y_true: (n,) codes below `classes`.
        y_pred: (n,) codes below `classes`.
        classes: number of classes.
        weight: (n,) sample weights, or the mass of entries that stand for several rows.
    """
    shape = (len(groups), classes, classes)
    index = (groups.codes * classes + y_true) * classes + y_pred

    def table(of: np.ndarray | None) -> np.ndarray:
        return np.bincount(index, weights=of, minlength=int(np.prod(shape))).reshape(shape).astype(float)

    if weight is None:
        return Cells(weight=(counted := table(None)), squared=counted)
    mass = Mass.of(weight, len(index))
    weighed = table(mass.weight)
    return Cells(weight=weighed, squared=weighed if mass.squared is mass.weight else table(mass.squared))


def _one_vs_rest(table: np.ndarray, positive: int) -> ConfusionCounts:
    tp = table[..., positive, positive]
    fn = table[..., positive, :].sum(axis=-1) - tp
    fp = table[..., :, positive].sum(axis=-1) - tp
    return ConfusionCounts(tp=tp, fp=fp, fn=fn, tn=table.sum(axis=(-2, -1)) - tp - fn - fp)
