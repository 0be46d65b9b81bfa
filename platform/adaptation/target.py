"""Rows of the other domain as two artifacts: what training may see of them, and what audits compare with.

Training's has features alone: no label, no sensitive column and no test row is in its file. Rows are dealt by
a hash of their position, never by label, so that labels can change without any model changing.
"""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..data import sources, splits
from ..data.compute import pc
from ..data.config import SplitConfig
from ..data.kinds import Kind, infer
from ..data.reading import Reading
from ..data.schema import ROW, Column, Schema, resolve
from ..data.values import categories
from ..exceptions import DataError

__all__ = ["ingest_inputs", "ingest_test", "read_inputs", "read_test"]

_INPUTS, _TEST = "inputs.parquet", "test.parquet"
_BESIDE = ("feature", "sensitive", "weight")


def ingest_inputs(source: str, schema: Schema, split: SplitConfig, *, out: Path) -> dict[str, Any]:
    """Write the features of the rows that join training.

    Args:
        source: the other domain.
        schema: of the first domain, which its columns must have.
        split: shares and seed of the first domain.
        out: folder of the artifact.

    Returns:
        For the manifest: `rows` of the source, and how many `joined`.

    Raises:
        DataError: the source can't be read, or its columns are others.
    """
    with tempfile.TemporaryDirectory(prefix="target-") as folder:
        reading = sources.read(source, scratch=Path(folder))
        _columns(reading, schema, _BESIDE)  # what only audits read is to be missed before training, too
        codes = _dealt(reading, split)
        table = _table(reading, _columns(reading, schema, ("feature",)), codes != splits.TEST)
        pq.write_table(table, out / _INPUTS)
    return {"rows": len(codes), "joined": table.num_rows}


def ingest_test(source: str, schema: Schema, split: SplitConfig, *, out: Path) -> dict[str, Any]:
    """Write the labelled test rows with all that audits read: none where the source has no labels.

    Returns:
        For the manifest: test rows that are `audited`, and how many have no label.

    Raises:
        DataError: the source can't be read, its columns are others, or it has labels that are no class.
    """
    with tempfile.TemporaryDirectory(prefix="target-") as folder:
        reading = sources.read(source, scratch=Path(folder))
        test = _dealt(reading, split) == splits.TEST
        if _has(reading, schema.target):
            table = _table(reading, _columns(reading, schema, (*_BESIDE, "target")), test)
            labelled = table.filter(table[schema.target].is_valid())
            _check_classes(labelled, schema)
        else:
            labelled = _table(reading, (), test & False)
        pq.write_table(labelled, out / _TEST)
    return {"audited": labelled.num_rows, "unlabelled": int(test.sum()) - labelled.num_rows}


def read_inputs(folder: Path) -> pa.Table:
    """What `ingest_inputs` wrote."""
    return pq.read_table(folder / _INPUTS, memory_map=True)


def read_test(folder: Path) -> pa.Table | None:
    """What `ingest_test` wrote; only audits may call this. None where there is no label."""
    rows = pq.read_table(folder / _TEST, memory_map=True)
    return rows if rows.num_rows else None


def _dealt(reading: Reading, split: SplitConfig) -> np.ndarray:
    """`(rows,)` split of each row, by its position or its group; all rows are one stratum."""
    groups, rows = None, reading.table.num_rows
    if split.by is not None:
        by = resolve(split.by, reading.table.column_names, what="column of adapt.target")
        labels = categories(reading.table[by])
        groups = pc.index_in(labels, value_set=pc.unique(labels)).to_numpy()
    return splits.deal(np.zeros(rows, dtype=np.int64), split, official=reading.official, groups=groups)


def _columns(reading: Reading, schema: Schema, roles: Iterable[str]) -> list[Column]:
    """The first domain's columns of some roles, all of which the other has; DataError names one it hasn't."""
    wanted = [column for column in schema.columns if column.role in roles]
    lacking = [column.name for column in wanted if not _has(reading, column.name)]
    if lacking or (schema.image is not None and reading.image != schema.image):
        raise DataError(
            "adapt.target has other columns than data.source",
            got=f"no {', '.join(map(repr, lacking))}" if lacking else f"images of {reading.image}",
            expected=f"images of {schema.image}"
            if not lacking
            else ", ".join(column.name for column in wanted),
            mend="bring both domains into one form; a cell may be empty where its value isn't known",
        )
    return wanted


def _has(reading: Reading, name: str) -> bool:
    tidy = name.strip().casefold()
    return any(tidy == other.strip().casefold() for other in reading.table.column_names)


def _table(reading: Reading, columns: Iterable[Column], kept: np.ndarray) -> pa.Table:
    """Some rows, their values of the first domain's kinds, under its names."""
    rows = pa.array(np.flatnonzero(kept))
    taken = reading.table.take(rows)
    cells: dict[str, Any] = {ROW: rows.cast(pa.int64())}
    for column in columns:
        given = taken[resolve(column.name, taken.column_names, what="column of adapt.target")]
        cells[column.name] = _kind(column, given).convert(given, column.name)
    return pa.table(cells)


def _kind(column: Column, given: pa.ChunkedArray) -> Kind:
    """The kind that the first domain's column has, obeyed or refused."""
    if column.kind == "image":
        return Kind(kind="image", type=given.type, why=column.why)
    kind = "categorical" if column.kind == "constant" else column.kind
    return infer(column.name, given, declared=kind)


def _check_classes(table: pa.Table, schema: Schema) -> None:
    if schema.task == "regression":
        return
    labels = pc.unique(categories(table[schema.target])).to_pylist()
    odd = [label for label in labels if label not in schema.classes]
    if odd:
        raise DataError(
            f"adapt.target has other classes of {schema.target!r} than data.source",
            got=", ".join(map(repr, odd[:5])),
            expected=f"one of {', '.join(schema.classes)}",
            mend="leave those rows out, or empty their label",
        )
