"""Bootstrap of confusion cells.

Resampling n rows with replacement changes the cells as one multinomial draw of n over their shares does:
the same distribution, without touching a row (Efron & Tibshirani, 1993, ch. 6). A thousand replicates of a
table of ten groups take milliseconds whatever the number of rows.

A percentile interval of a max - min gap must not be made of these: at a true gap of 0 it never covers
(docs/audits/intervals.md). They say how much a table of rates would move, such as how often another pair of
groups would be the one furthest apart.
"""

import numpy as np

from .counts import Cells

__all__ = ["replicates"]


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
    rows = int(counts.sum())
    drawn = np.random.default_rng(seed).multinomial(rows, counts.ravel() / rows, size=draws)
    drawn = drawn.reshape(draws, *counts.shape).astype(float)
    return Cells(weight=drawn, squared=drawn)
