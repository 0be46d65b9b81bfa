"""Whose each test row is, kept beside its predictions."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["Owners"]


@dataclass(frozen=True)
class Owners:
    """Clients of rows.

    Args:
        column: that names them.
        clients: `(rows,)` str name of each row's client, in the order of the predictions.
    """

    column: str
    clients: np.ndarray

    def to_parquet(self, path: Path) -> None:
        """Write them as one column of that name."""
        pq.write_table(pa.table({self.column: pa.array(self.clients.tolist(), pa.string())}), path)

    @classmethod
    def found(cls, path: Path) -> "Owners | None":
        """What `to_parquet` wrote; None where there is no such file."""
        if not path.exists():
            return None
        table = pq.read_table(path)
        (column,) = table.column_names
        return cls(column, np.array(table[column].to_pylist()))
