"""What is in a dataset: rows, gaps, balance, shared rows, proxies.

Gebru et al., "Datasheets for datasets" (2021), https://arxiv.org/abs/1803.09010; the report draws it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from . import bands
from .compute import pc
from .duplicates import shared_rows
from .proxies import proxies
from .reading import Reading
from .reference import settle
from .schema import Schema
from .splits import NAMES
from .values import MISSING, categories, is_text


def datasheet(
    out: Path,
    schema: Schema,
    reading: Reading,
    *,
    unlabelled: int,
    reference: Mapping[str, Mapping[str, float]] | None = None,
) -> dict[str, Any]:
    """Describes the three splits that were just written.

    Nothing is fitted on validation or test rows: they are counted. Proxies are measured on train rows.

    Args:
        out: folder of the artifact.
        reading: the source as read, for the spellings of missing values.
        unlabelled: rows that were left out because their label is missing.
        reference: declared shares of groups in the population.

    Raises:
        DataError: the reference names other columns or groups than the data have.
    """
    tables = {name: pq.read_table(out / f"{name}.parquet", memory_map=True) for name in NAMES}
    groups = {split: _groups(table, schema) for split, table in tables.items()}
    return {
        "rows": reading.table.num_rows,
        "splits": {name: len(table) for name, table in tables.items()},
        "unlabelled": unlabelled,
        "columns": [_column(column.name, tables, reading) | _role(column) for column in schema.columns],
        "labels": {split: _labels(table[schema.target], schema) for split, table in tables.items()},
        "groups": {
            name: {split: _shares(groups[split][name]) for split in NAMES} for name in schema.sensitive
        },
        "group_labels": {
            name: {split: _group_labels(tables[split], groups[split][name], schema) for split in NAMES}
            for name in schema.sensitive
        },
        "bands": {name: bands.labels(tuple(cuts)) for name, cuts in schema.bands.items()},
        "duplicates": _duplicates(tables, schema, reading),
        "proxies": proxies(tables["train"], schema),
        **_reference(reference or {}, groups),
        "harms": list(reading.harms),
        "notes": list(reading.notes),
    }


def _reference(
    declared: Mapping[str, Mapping[str, float]], groups: Mapping[str, Mapping[str, np.ndarray]]
) -> dict[str, Any]:
    """The declared population, where there is one."""
    if not declared:
        return {}
    known: dict[str, set[str]] = {}
    for of_split in groups.values():
        for name, held in of_split.items():
            known.setdefault(name, set()).update(set(held.tolist()) - {bands.MISSING})
    return {"reference": settle(declared, known)}


def _role(column: Any) -> dict[str, Any]:
    return {"kind": column.kind, "role": column.role, "why": column.why}


def _column(name: str, tables: dict[str, pa.Table], reading: Reading) -> dict[str, Any]:
    """Missing cells of one column, and how the source spells them."""
    missing = sum(table[name].null_count for table in tables.values())
    facts: dict[str, Any] = {
        "name": name,
        "missing": missing,
        "missing_share": missing / max(1, sum(len(table) for table in tables.values())),
    }
    source = reading.table[name]
    if is_text(source.type) and missing:
        trimmed = pc.utf8_trim_whitespace(source.cast(pa.string()))
        spelt = pc.value_counts(trimmed.filter(pc.is_in(trimmed, value_set=pa.array(MISSING))))
        facts["spelt"] = {cell["values"]: cell["counts"] for cell in spelt.to_pylist()}
    return facts


def _labels(column: pa.ChunkedArray, schema: Schema) -> dict[str, Any]:
    """Rows and share of each class; of a quantity mean, deviation and range."""
    if schema.task != "regression":
        codes = pc.index_in(categories(column), value_set=pa.array(schema.classes)).to_numpy()
        counts = np.bincount(codes, minlength=len(schema.classes))
        return {label: _share(counts[code], len(codes)) for code, label in enumerate(schema.classes)}
    values = column.to_numpy().astype(float)
    return {
        "mean": float(values.mean()),
        "std": float(values.std()),
        "min": float(values.min()),
        "max": float(values.max()),
    }


def _groups(table: pa.Table, schema: Schema) -> dict[str, np.ndarray]:
    return {
        name: bands.groups(table[name], schema.column(name).kind, name, tuple(schema.bands.get(name, ())))
        for name in schema.sensitive
    }


def _shares(groups: np.ndarray) -> dict[str, Any]:
    names, counts = np.unique(groups, return_counts=True)
    return {str(name): _share(count, len(groups)) for name, count in zip(names, counts, strict=True)}


def _share(count: int, total: int) -> dict[str, Any]:
    return {"n": int(count), "share": float(count / max(1, total))}


def _group_labels(table: pa.Table, groups: np.ndarray, schema: Schema) -> dict[str, Any]:
    """Label balance within each group."""
    column = table[schema.target]
    return {str(name): _labels(column.filter(pa.array(groups == name)), schema) for name in np.unique(groups)}


def _duplicates(tables: dict[str, pa.Table], schema: Schema, reading: Reading) -> dict[str, Any]:
    """Rows that splits share, by all columns and by those that aren't ignored, and the recorded baseline."""
    table = tables["train"]
    plain = [c for c in schema.columns if c.kind == "image" or not pa.types.is_nested(table[c.name].type)]
    compared = {"exact": plain, "modelled": [column for column in plain if column.role != "ignored"]}
    found = {}
    for name, columns in compared.items():
        shared = shared_rows(tables, [column.name for column in columns])
        left_out = tuple(column.name for column in schema.columns if column not in columns)
        if left_out in reading.duplicates:
            recorded = reading.duplicates[left_out]
            shared |= {"baseline": recorded, "excess": shared["test_rows"] - recorded}
        found[name] = shared
    return found
