"""Groups of rows, by one sensitive column or by the intersection of several, as integer codes.

Time is linear in rows, and nothing is made per group: a thousand groups cost what two cost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ..intervals import Mass

__all__ = ["MISSING", "Groups", "compact", "encode", "groupings", "intersect"]

MISSING = "missing"
SEPARATOR = " × "


@dataclass(frozen=True, kw_only=True)
class Groups:
    """A partition of the rows; every group has at least one row."""

    columns: tuple[str, ...]
    names: tuple[str, ...]
    codes: np.ndarray
    """(n,) int64 index into `names`."""

    def __len__(self) -> int:
        return len(self.names)

    @property
    def name(self) -> str:
        """How the partition is called in a report: `sex`, or `sex × race`."""
        return SEPARATOR.join(self.columns)

    @property
    def sizes(self) -> np.ndarray:
        """(groups,) number of entries: of rows, unless these are condensed."""
        return np.bincount(self.codes, minlength=len(self))

    def rows(self, mass: Mass) -> np.ndarray:
        """(groups,) number of rows that the entries stand for."""
        return np.bincount(self.codes, mass.rows, len(self)).astype(int)


def encode(column: str, values: np.ndarray) -> Groups:
    """Groups of one column, sorted by name; None, NaN and "" are the group 'missing', which comes last."""
    import pyarrow as pa

    texts = pa.array(values, pa.large_string(), from_pandas=True).dictionary_encode(null_encoding="encode")
    found = [text or MISSING for text in texts.dictionary.to_pylist()]
    names = sorted(set(found), key=lambda name: (name == MISSING, name))
    code = {name: i for i, name in enumerate(names)}
    rank = np.array([code[name] for name in found])
    return Groups(columns=(column,), names=tuple(names), codes=rank[texts.indices.to_numpy()])


def intersect(parts: Sequence[Groups]) -> Groups:
    """Groups of rows that agree in every part; combinations without a row don't appear."""
    codes = parts[0].codes
    seen = [(name,) for name in parts[0].names]
    for part in parts[1:]:
        codes = codes * len(part) + part.codes
        present, codes = compact(codes, len(seen) * len(part))
        seen = [(*seen[code // len(part)], part.names[code % len(part)]) for code in present.tolist()]
    return Groups(
        columns=tuple(column for part in parts for column in part.columns),
        names=tuple(SEPARATOR.join(names) for names in seen),
        codes=codes,
    )


def groupings(sensitive: Mapping[str, np.ndarray], *, depth: int) -> tuple[list[Groups], list[Groups]]:
    """Groups of each column, and of each intersection of two to `depth` columns."""
    single = [encode(column, values) for column, values in sensitive.items()]
    deeper = [intersect(parts) for size in range(2, depth + 1) for parts in combinations(single, size)]
    return single, deeper


def compact(codes: np.ndarray, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes that occur, sorted, and the rows renumbered by them."""
    if cells > 4 * len(codes) + 1_000_000:  # a table of all cells would be larger than the rows: sort instead
        return np.unique(codes, return_inverse=True)
    present = np.flatnonzero(np.bincount(codes, minlength=cells))
    rank = np.zeros(cells, dtype=np.int64)
    rank[present] = np.arange(len(present))
    return present, rank[codes]
