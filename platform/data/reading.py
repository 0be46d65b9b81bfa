"""What a reader hands on: a memory-mapped table and what the source knows of itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A source, read.

    Args:
        table: the rows as the source has them; text columns of a CSV are still text.
        official: `(rows,)` int8 codes of `splits.NAMES` where the source fixes a row's split,
            else -1; None without any.
        texts: columns that the source knows to be free text.
        target: the column to predict, where the source knows it.
        roles: column -> (role, why) that the source recommends.
        duplicates: recorded number of test rows that also stand outside the official test split, by the
            columns that are left out of the comparison.
        harms: what is known to go wrong with this data; shown in the datasheet and the report.
    """

    table: pa.Table
    official: np.ndarray | None = None
    modality: str = "tabular"
    image: tuple[int, int, int] | None = None
    texts: tuple[str, ...] = ()
    target: str | None = None
    positive: str | None = None
    roles: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    duplicates: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    harms: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
