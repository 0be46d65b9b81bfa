"""What is published of the canaries when a run is over: how far each moved the model, and its coin.

Until then the coins lie where the run keeps what is private: whoever makes the scores must not know them.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ...exceptions import DataError

__all__ = ["CANARIES", "CANARY_ROWS", "CanaryScores"]

CANARIES, CANARY_ROWS = "canaries.parquet", "canary_rows.parquet"
"""Names of the files in a model artifact: of gradients, and of rows with wrong labels."""

_DELTA = b"delta"


@dataclass(frozen=True, kw_only=True)
class CanaryScores:
    """All that an attack by canaries needs to be computed again."""

    scores: np.ndarray
    """(canaries,) the higher, the more likely included."""
    included: np.ndarray
    """(canaries,) bool, how the coins fell."""
    delta: float
    """Of the claim that is attacked."""

    def to_parquet(self, path: Path) -> None:
        """Write one row a canary, delta in the schema's metadata."""
        table = pa.table({"score": self.scores, "included": self.included})
        pq.write_table(table.replace_schema_metadata({_DELTA: repr(self.delta).encode()}), path)

    @classmethod
    def found(cls, path: Path) -> "CanaryScores | None":
        """What `to_parquet` wrote; None where it wrote nothing: there were no canaries."""
        return cls.from_parquet(path) if path.is_file() else None

    @classmethod
    def from_parquet(cls, path: Path) -> "CanaryScores":
        """Read what `to_parquet` wrote.

        Raises:
            DataError: the file isn't one that Assay wrote.
        """
        try:
            table = pq.read_table(path)
            return cls(
                scores=table["score"].to_numpy(),
                included=table["included"].to_numpy(),
                delta=float((table.schema.metadata or {})[_DELTA]),
            )
        except (OSError, ValueError, KeyError) as error:  # pyarrow's own errors are among them
            raise DataError(
                "canaries can't be read",
                got=f"{path.name}: {error}",
                expected="a parquet file that a private run wrote",
            ) from error
