"""Categories for a network: 0 is a missing value, 1 an unknown one, then the known ones in sorted order."""

import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from .compute import pc
from .values import categories

MISSING, UNKNOWN = 0, 1
_KNOWN = 2
_RARE = 10
_RARE_SHARE = 0.001


@dataclass(frozen=True, kw_only=True)
class CategoricalFeature:
    """One categorical column; `known` are the categories with a code of their own."""

    name: str
    known: tuple[str, ...]

    @property
    def cardinality(self) -> int:
        """Number of codes, missing and unknown included."""
        return _KNOWN + len(self.known)

    def transform(self, column: pa.ChunkedArray) -> np.ndarray:
        """`(rows,)` cells -> `(rows,)` int64 codes."""
        values = categories(column)
        found = pc.index_in(values, value_set=pa.array(self.known, pa.string()))
        codes = pc.fill_null(pc.add(found.cast(pa.int64()), _KNOWN), UNKNOWN)
        return pc.if_else(pc.is_null(values), MISSING, codes).to_numpy()


def fit(name: str, column: pa.ChunkedArray) -> CategoricalFeature:
    """The categories of the train rows; rare ones stay unknown, so that this code is trained too."""
    values = categories(column).drop_null()
    rare = min(_RARE, math.ceil(_RARE_SHARE * len(column)))
    counted = pc.value_counts(values)
    common = counted.field("values").filter(pc.greater_equal(counted.field("counts"), rare))
    return CategoricalFeature(name=name, known=tuple(sorted(common.to_pylist())))
