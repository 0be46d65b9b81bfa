"""The groups that are mitigated between, their rates, and the gap that a candidate is judged by.

`audits.fairness` measures the same gaps, with intervals, on test rows; this is what choosing needs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ..data.preprocess import Preprocessor
from ..exceptions import DataError
from .methods import Constraint

LEAST = 20
"""Rows that a group must have to be compared, and to get a threshold of its own."""


@dataclass(frozen=True, kw_only=True)
class Groups:
    """A partition of rows.

    Attributes:
        names: of each group, a value for each column, sorted.
        codes: `(rows,)` index into `names`.
    """

    names: tuple[tuple[str, ...], ...]
    codes: np.ndarray

    @classmethod
    def of(cls, table: pa.Table, preprocessor: Preprocessor, columns: Sequence[str]) -> "Groups":
        """Groups of the rows that agree in every column."""
        return cls.of_values(preprocessor.sensitive(table, columns))

    @classmethod
    def of_values(cls, values: Mapping[str, np.ndarray]) -> "Groups":
        """The same from each column's values, `(rows,)` strings."""
        seen = list(zip(*(column.tolist() for column in values.values()), strict=True))
        names = sorted(set(seen))
        code = {name: position for position, name in enumerate(names)}
        return cls(names=tuple(names), codes=np.array([code[name] for name in seen], dtype=np.int64))

    def __len__(self) -> int:
        return len(self.names)

    @property
    def large(self) -> np.ndarray:
        """`(groups,)` bool: enough rows to be compared."""
        return np.bincount(self.codes, minlength=len(self)) >= LEAST


def rates(
    kind: str, groups: Groups, y_true: np.ndarray, chance: np.ndarray, weight: np.ndarray | None = None
) -> np.ndarray:
    """`(groups,)` rate of positive decisions among all, truly positive or truly negative rows.

    Args:
        kind: `selection`, `true_positive` or `false_positive`.
        groups: of the rows.
        y_true: `(rows,)` 0 or 1.
        chance: `(rows,)` decisions, or the chance of a positive one.
        weight: `(rows,)`, or None.

    Returns:
        NaN where a group has no such row.
    """
    counted = np.ones(len(y_true)) if weight is None else weight.astype(float)
    if kind != "selection":
        counted = counted * (y_true == (kind == "true_positive"))
    total = np.bincount(groups.codes, weights=counted, minlength=len(groups))
    hits = np.bincount(groups.codes, weights=counted * chance, minlength=len(groups))
    with np.errstate(invalid="ignore", divide="ignore"):
        return hits / total


def gap(
    constraint: Constraint,
    groups: Groups,
    y_true: np.ndarray,
    chance: np.ndarray,
    weight: np.ndarray | None = None,
) -> float:
    """Largest difference between two groups of at least `LEAST` rows; arguments as of `rates`.

    Raises:
        DataError: fewer than two groups can be compared.
    """
    spans = []
    for kind in constraint.rates:
        found = rates(kind, groups, y_true, chance, weight)[groups.large]
        found = found[np.isfinite(found)]
        if len(found) < 2:
            said = kind.replace("_", " ")
            raise too_few(f"{len(found)} groups with {LEAST} validation rows and a {said} rate")
        spans.append(float(np.ptp(found)))
    return max(spans) if constraint.combined == "largest" else float(np.mean(spans))


def too_few(got: str) -> DataError:
    """The error for groups that can't be compared."""
    return DataError(
        "there are no two groups to mitigate between",
        got=got,
        expected="two or more",
        mend="enlarge data.split.validation, or name another column in mitigate.over",
    )
