"""The dataset artifact: three Parquet files, the schema, the datasheet."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .schema import Schema

_OPEN = ("train", "validation")


@dataclass(frozen=True)
class Dataset:
    """A dataset artifact, opened; tables are read when asked for."""

    path: Path
    schema: Schema
    datasheet: dict[str, Any]

    @classmethod
    def open(cls, path: Path) -> "Dataset":
        """Opens the artifact in a folder."""
        schema = Schema.from_json(json.loads((path / "schema.json").read_text(encoding="utf-8")))
        return cls(path, schema, json.loads((path / "datasheet.json").read_text(encoding="utf-8")))

    def table(self, split: str) -> pa.Table:
        """Rows of `train` or `validation`; the test rows aren't had this way."""
        if split not in _OPEN:
            raise ValueError(
                f"{split!r} is not one of {_OPEN}; only audits read the test rows, with test_table()"
            )
        return pq.read_table(self.path / f"{split}.parquet", memory_map=True)

    def test_table(self) -> pa.Table:
        """Rows of the test split. Only audits may call this: a test holds the list of callers."""
        return pq.read_table(self.path / "test.parquet", memory_map=True)
