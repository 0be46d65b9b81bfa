"""Identical rows across splits: a test row that was also trained on measures memory, not learning."""

from typing import Any

import numpy as np
import pyarrow as pa

from .splits import NAMES

_ODD = np.uint64(0x9E3779B97F4A7C15)


def shared_rows(tables: dict[str, pa.Table], columns: list[str]) -> dict[str, Any]:
    """Counts rows that occur in two splits, values of `columns` compared.

    Args:
        tables: split -> rows.

    Returns:
        `test_rows`: test rows that also stand in train or validation, and their share;
        `validation_rows`: validation rows that also stand in train; `columns` that were compared.
    """
    keys = dict(zip(NAMES, _keys([tables[name] for name in NAMES], columns), strict=True))
    test = int(np.isin(keys["test"], np.concatenate([keys["train"], keys["validation"]])).sum())
    validation = int(np.isin(keys["validation"], keys["train"]).sum())
    return {
        "test_rows": test,
        "test_share": test / max(1, len(keys["test"])),
        "validation_rows": validation,
        "columns": columns,
    }


def _keys(tables: list[pa.Table], columns: list[str]) -> list[np.ndarray]:
    """`(rows,)` uint64 key of each row of each table: equal for equal rows; others collide once in 2**64."""
    together = pa.concat_tables([table.select(columns) for table in tables])
    key = np.zeros(len(together), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for name in columns:
            key = _mix((key + _codes(together[name])) * _ODD)
    return np.split(key, np.cumsum([len(table) for table in tables])[:-1])


def _mix(z: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64: every bit of the input changes half of the output's."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _codes(column: pa.ChunkedArray) -> np.ndarray:
    """`(rows,)` uint64: equal numbers for equal cells of one column."""
    if pa.types.is_fixed_size_list(column.type):
        size = column.type.list_size
        pixels = np.concatenate([chunk.flatten().to_numpy().reshape(-1, size) for chunk in column.chunks])
        weights = _mix(np.arange(1, size + 1, dtype=np.uint64) * _ODD)
        # Multilinear hashing, a few rows at a time: eight bytes a pixel would not fit for many images.
        parts = [
            _mix(part.astype(np.uint64) @ weights)
            for part in np.array_split(pixels, max(1, len(pixels) // 256))
        ]
        return np.concatenate(parts)
    coded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    return coded.indices.to_numpy().astype(np.uint64)
