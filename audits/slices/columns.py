"""The columns of the audited rows as a few bins each: what slices are conjunctions of, and their evidence."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ...platform.data import bands
from ...platform.data.compute import pc
from ...platform.data.schema import Column, Schema, resolve
from ...platform.data.values import categories, numbers
from ..config import SlicesConfig

__all__ = ["Columns"]

_METADATA = b"assay.columns"
_SPECIAL = 0.1  # a number that so many rows share, such as "no capital gain", is a bin of its own
_MOST_COLUMNS = 60
_WORD = r"\S+"
_NEVER = ("target", "weight", "split")
_WHY_NOT = {
    "identifier": "every row has its own value",
    "constant": "it has one value",
    "image": "pictures have no bins",
}


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Bins of every column that slices may be made of, whether the model sees it or not."""

    names: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    """What each bin of each column is called."""
    codes: np.ndarray
    """(n, columns) uint8 bin of each row."""
    left_out: Mapping[str, str]
    """Why a column has no bins, by its name."""

    @classmethod
    def read(cls, table: pa.Table, schema: Schema, config: SlicesConfig) -> "Columns":
        """Bin the columns of a table: numbers by quantiles, a number that a tenth of the rows share alone.

        Args:
            table: the audited rows.
            config: `columns`, `bins` and `common` count here.

        Raises:
            DataError: a name in `config.columns` is no column.
        """
        asked = None if config.columns is None else {schema.column(name).name for name in config.columns}
        able = [c for c in schema.columns if c.role not in _NEVER and (asked is None or c.name in asked)]
        able.sort(key=lambda column: column.role != "sensitive")
        left_out = {c.name: _WHY_NOT[c.kind] for c in able if c.kind in _WHY_NOT}
        kept = [column for column in able if column.name not in left_out]
        left_out |= {c.name: f"only {_MOST_COLUMNS} columns are searched" for c in kept[_MOST_COLUMNS:]}
        binned = [_bin(table, schema, column, config.bins, config.common) for column in kept[:_MOST_COLUMNS]]
        return cls(
            names=tuple(_shown(column) for column in kept[:_MOST_COLUMNS]),
            labels=tuple(labels for labels, _ in binned),
            codes=np.stack([codes for _, codes in binned], axis=1)
            if binned
            else np.zeros((len(table), 0), np.uint8),
            left_out=left_out,
        )

    def take(self, rows: np.ndarray) -> "Columns":
        """The same columns of some rows."""
        return Columns(names=self.names, labels=self.labels, codes=self.codes[rows], left_out=self.left_out)

    def to_parquet(self, path: Path) -> None:
        """Write codes to one parquet file, names and labels in the schema's metadata."""
        facts = {"names": self.names, "labels": self.labels, "left_out": dict(self.left_out)}
        # Numbered: a column's own name may be anything.
        table = pa.table({str(i): codes for i, codes in enumerate(self.codes.T)} | self._rows())
        pq.write_table(
            table.replace_schema_metadata({_METADATA: json.dumps(facts).encode()}), path, compression="zstd"
        )

    def _rows(self) -> dict[str, np.ndarray]:
        """A column that keeps the number of rows where no other column does."""
        return {"rows": np.zeros(len(self.codes), np.uint8)} if not self.names else {}

    @classmethod
    def from_parquet(cls, path: Path) -> "Columns":
        """Read what `to_parquet` wrote."""
        table = pq.read_table(path)
        facts = json.loads((table.schema.metadata or {})[_METADATA])
        codes = np.zeros((len(table), len(facts["names"])), np.uint8)
        for i in range(codes.shape[1]):
            codes[:, i] = table[str(i)].to_numpy()
        return cls(
            names=tuple(facts["names"]),
            labels=tuple(tuple(labels) for labels in facts["labels"]),
            codes=codes,
            left_out=facts["left_out"],
        )


def _shown(column: Column) -> str:
    """What a column is called in a slice: of a text only its length has bins."""
    return f"{column.name} (words)" if column.kind == "text" and column.role != "sensitive" else column.name


def _bin(
    table: pa.Table, schema: Schema, column: Column, bins: int, common: int
) -> tuple[tuple[str, ...], np.ndarray]:
    """Labels and (n,) codes of one column; a sensitive one keeps the groups of the fairness audit."""
    values = table[resolve(column.name, table.column_names, what="column")]
    if column.role == "sensitive":
        cuts = tuple(schema.bands.get(column.name, ()))
        return _by_category(bands.groups(values, column.kind, column.name, cuts), common)
    if column.kind == "categorical":
        return _by_category(
            np.array([bands.MISSING if v is None else v for v in categories(values).to_pylist()], str), common
        )
    if column.kind == "date":
        return _by_category(bands.groups(values, column.kind, column.name), common)
    if column.kind == "text":
        words = pc.count_substring_regex(categories(values), pattern=_WORD)
        return _by_quantile(pc.cast(words, pa.float64()).to_numpy(), bins)
    return _by_quantile(numbers(values, column.name).to_numpy(), bins)


def _by_category(values: np.ndarray, common: int) -> tuple[tuple[str, ...], np.ndarray]:
    names, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    if len(names) <= common + 1:
        return tuple(map(str, names)), codes.astype(np.uint8)
    kept = np.sort(np.argsort(-counts, kind="stable")[:common])
    place = np.full(len(names), common)
    place[kept] = np.arange(common)
    rest = f"any of {len(names) - common} others"
    return (*map(str, names[kept]), rest), place[codes].astype(np.uint8)


def _by_quantile(values: np.ndarray, bins: int) -> tuple[tuple[str, ...], np.ndarray]:
    """Special values first, then quantile bins of the remaining numbers, then the missing ones."""
    known = values[~np.isnan(values)]
    distinct, counts = np.unique(known, return_counts=True)
    special = distinct if len(distinct) <= bins else distinct[counts >= _SPECIAL * max(1, len(known))]
    rest = known[~np.isin(known, special)]
    parts = max(1, math.ceil(bins * len(rest) / max(1, len(known))))
    edges = (
        np.unique(np.quantile(rest, np.arange(1, parts) / parts, method="inverted_cdf")) if len(rest) else []
    )
    edges = np.asarray(edges, float)
    codes = len(special) + np.searchsorted(edges, values, side="right")
    for place, value in enumerate(special):
        codes[values == value] = place
    codes[np.isnan(values)] = len(special) + len(edges) + 1
    labels = [f"= {value:g}" for value in special] + _ranges(edges, bool(len(special))) + [bands.MISSING]
    used, packed = np.unique(codes, return_inverse=True)
    return tuple(labels[code] for code in used), packed.astype(np.uint8)


def _ranges(edges: np.ndarray, beside: bool) -> list[str]:
    if not len(edges):
        return ["any other number" if beside else "any number"]
    return bands.labels(tuple(edges))
