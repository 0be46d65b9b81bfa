"""Reweighing: weights under which group and label are independent in the train rows.

Kamiran & Calders, "Data preprocessing techniques for classification without discrimination" (2012), section
4.3, Knowledge and Information Systems 33(1)
"""

import numpy as np


def reweighing(
    y_true: np.ndarray, codes: np.ndarray, weight: np.ndarray | None = None, *, strength: float = 1.0
) -> np.ndarray:
    """W(s, y) = P(s) P(y) / P(s, y): what a cell would hold under independence, over what it holds.

    Under these weights every group has the same share of each label, and the shares of groups and of labels
    stay as they are.

    Args:
        y_true: `(rows,)` codes of classes.
        codes: `(rows,)` codes of groups.
        weight: `(rows,)` that rows have already, or None.
        strength: 1 is the paper's; below, 1 + strength (W - 1).

    Returns:
        `(rows,)` weights, the rows' own included.
    """
    own = np.ones(len(y_true)) if weight is None else weight.astype(float)
    cells = np.zeros((codes.max() + 1, y_true.max() + 1))
    np.add.at(cells, (codes, y_true), own)
    expected = np.outer(cells.sum(axis=1), cells.sum(axis=0)) / cells.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = expected / cells  # of a cell without rows, which nobody looks up
    return own * (1 + strength * (ratio[codes, y_true] - 1))
