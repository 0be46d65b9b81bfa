"""What a few-shot model answered in each episode: the evidence that its accuracy is recomputed from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Episodes"]

_METADATA = b"assay.episodes"
_GROUP = "group:"
_CODED = ("y_true", "y_pred", "y_baseline")


@dataclass(frozen=True, kw_only=True)
class Episodes:
    """An entry a query, episode by episode; every episode has `way * queries` of them."""

    way: int
    """Classes of an episode."""
    shot: int
    """Rows of each class that were learned from."""
    queries: int
    """Rows of each class that were asked about."""
    classes: tuple[str, ...]
    """Names of the codes."""
    eligible: int
    """Test classes with enough rows, that the episodes' classes were drawn from."""
    rows: np.ndarray
    """(n,) position of each query in the source."""
    y_true: np.ndarray
    """(n,) codes of classes."""
    y_pred: np.ndarray
    """(n,) codes of classes of the same episode."""
    y_baseline: np.ndarray
    """(n,) likewise, of the baseline."""
    groups: Mapping[str, np.ndarray] = field(default_factory=dict)
    """(n,) str of each column by which accuracy is told apart."""

    def __post_init__(self) -> None:
        whole = self.way * self.queries
        assert len(self.rows) % whole == 0, (len(self.rows), whole)
        assert all(len(column) == len(self.rows) for column in (self.y_true, self.y_pred, self.y_baseline))

    @property
    def count(self) -> int:
        """Number of episodes."""
        return len(self.rows) // (self.way * self.queries)

    @property
    def episode(self) -> np.ndarray:
        """(n,) number of each query's episode."""
        return np.repeat(np.arange(self.count), self.way * self.queries)

    @property
    def shown(self) -> list[dict[str, Any]]:
        """The episodes that are drawn: the first as it came, and the worst; numbers count from 1."""
        right = (self.y_pred == self.y_true).reshape(self.count, -1).sum(axis=1)
        numbers = dict.fromkeys((0, int(right.argmin())))
        return [
            {
                "episode": number + 1,
                "right": int(right[number]),
                "of": self.way * self.queries,
                "picture": f"pictures/episode_{number + 1}.png",
            }
            for number in numbers
        ]

    def to_parquet(self, path: Path) -> None:
        """Write entries to one parquet file, shape and classes in the schema's metadata."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = {"episode": self.episode, "row": self.rows}
        columns |= {name: getattr(self, name).astype(np.int32) for name in _CODED}
        columns |= {
            _GROUP + name: pa.array(values).dictionary_encode() for name, values in self.groups.items()
        }
        told = {key: getattr(self, key) for key in ("way", "shot", "queries", "eligible", "classes")}
        table = pa.table(columns).replace_schema_metadata({_METADATA: json.dumps(told).encode()})
        pq.write_table(table, path, compression="zstd")

    @classmethod
    def from_parquet(cls, path: Path) -> "Episodes":
        """What `to_parquet` wrote."""
        import pyarrow.parquet as pq

        table = pq.read_table(path)
        told = json.loads((table.schema.metadata or {})[_METADATA])
        return cls(
            **{**told, "classes": tuple(told["classes"])},
            rows=table["row"].to_numpy(),
            **{name: table[name].to_numpy().astype(np.int64) for name in _CODED},
            groups={
                name.removeprefix(_GROUP): np.array(table[name].to_pylist())
                for name in table.column_names
                if name.startswith(_GROUP)
            },
        )
