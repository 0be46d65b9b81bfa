"""The three splits of a dataset side by side, and the groups of their rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from ...platform.data import bands
from ...platform.data.schema import Schema

__all__ = ["Rows"]


@dataclass(frozen=True)
class Rows:
    """What the data audit reads: rows of each split, and what their columns are."""

    splits: Mapping[str, pa.Table]
    """train, validation and test, in this order."""
    schema: Schema

    @cached_property
    def together(self) -> pa.Table:
        """All rows, one split after the other."""
        return pa.concat_tables(list(self.splits.values()))

    @cached_property
    def split(self) -> np.ndarray:
        """(rows,) name of each row's split."""
        return np.repeat(list(self.splits), [len(table) for table in self.splits.values()])

    @cached_property
    def groups(self) -> dict[str, np.ndarray]:
        """(rows,) group of each row by sensitive column, as the fairness audit has them."""
        found = {}
        for name in self.schema.sensitive:
            cuts = tuple(self.schema.bands.get(name, ()))
            found[name] = bands.groups(self.together[name], self.schema.column(name).kind, name, cuts)
        return found

    @cached_property
    def coded(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """By sensitive column the names of its groups, and the (rows,) code of each row's group."""
        return {name: np.unique(held, return_inverse=True) for name, held in self.groups.items()}
