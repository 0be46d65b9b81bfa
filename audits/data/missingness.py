"""Whose cells are empty: is a column missing more often in one group than in another?"""

from typing import Any

import numpy as np
from scipy.stats import chi2_contingency

from ..multiplicity import holm
from .rows import Rows
from .share import share

__all__ = ["missingness"]

_FEWEST = 20
_LEVEL = 0.05


def missingness(rows: Rows, confidence: float) -> dict[str, Any]:
    """Columns whose missing cells depend on a group, flagged by Pearson's chi-squared with Holm's correction.

    Groups of fewer than 20 rows are left out. A flag says that the rates differ, not that it matters: in many
    rows small differences are flagged, so read the rates.

    Returns:
        `tested`: pairs of column and attribute; `flagged`: the groups with the lowest and highest rate.
    """
    found = []
    for column in rows.schema.columns:
        empty = rows.together[column.name].is_null().to_numpy()
        if not empty.any() or empty.all():
            continue
        for attribute, (names, codes) in rows.coded.items():
            if attribute == column.name:
                continue
            sizes, missing = np.bincount(codes), np.bincount(codes, empty, len(names))
            kept = sizes >= _FEWEST
            table = np.stack([missing[kept], sizes[kept] - missing[kept]])
            if kept.sum() > 1 and table.sum(axis=1).all():
                found.append((column.name, attribute, names[kept], table))
    if not found:
        return {"tested": 0, "flagged": []}
    adjusted = holm(np.array([chi2_contingency(table, correction=False)[1] for *_, table in found]))
    flagged = [
        _flag(*one, p=float(p), confidence=confidence)
        for one, p in zip(found, adjusted, strict=True)
        if p <= _LEVEL
    ]
    return {"tested": len(found), "flagged": flagged}


def _flag(
    column: str, attribute: str, names: np.ndarray, table: np.ndarray, *, p: float, confidence: float
) -> dict[str, Any]:
    rates = table[0] / table.sum(axis=0)
    ends = {}
    for end, place in (("highest", int(rates.argmax())), ("lowest", int(rates.argmin()))):
        ends[end] = str(names[place])
        ends[f"{end}_rate"] = share(table[0, place], table[:, place].sum(), confidence)
    return {"column": column, "by": attribute, **ends, "p": p}
