"""Identical rows across splits: a test row that was also trained on measures memory, not learning."""

from typing import Any

import numpy as np
import pyarrow as pa

from .splits import NAMES
from .values import is_number

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


def near_rows(tables: dict[str, pa.Table], columns: list[str]) -> dict[str, Any]:
    """Counts test rows that equal a train or validation row in all columns but one, or after rounding.

    Where rows are few values wide, such rows are many by chance: read the shares beside those within train,
    which an honest split shares.

    Args:
        tables: split -> rows.

    Returns:
        `all_but_one` and `rounded` (numbers to two significant digits): test `rows`, their `share`, and the
        share `within_train` of train rows that have such a twin there.
    """
    together = pa.concat_tables([tables[name].select(columns) for name in NAMES])
    ends = np.cumsum([len(tables[name]) for name in NAMES])[:-1]
    exact, rounded = ([_codes(column) for column in _columns(together, places)] for places in (None, 2))
    hashed = [_spread(codes, place) for place, codes in enumerate(exact)]
    with np.errstate(over="ignore"):
        whole = np.asarray(np.sum(hashed, axis=0, dtype=np.uint64))
        but_one = [whole - one for one in hashed] if len(hashed) > 1 else []
        coarse = np.asarray(np.sum([_spread(c, i) for i, c in enumerate(rounded)], axis=0, dtype=np.uint64))
    return {"all_but_one": _twins(but_one, ends), "rounded": _twins([coarse], ends)}


def _columns(table: pa.Table, digits: int | None) -> list[pa.ChunkedArray]:
    """Columns as they are, or numbers to so many significant digits."""
    if digits is None:
        return table.columns
    return [_rounded(column, digits) if is_number(column.type) else column for column in table.columns]


def _rounded(column: pa.ChunkedArray, digits: int) -> pa.ChunkedArray:
    values = column.to_numpy().astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        step = 10.0 ** (np.floor(np.log10(np.abs(values))) - digits + 1)
        near = np.where(values == 0, 0.0, np.round(values / step) * step)
    # Twelve digits: 0.1 * 3 and 0.3 are the same rounded number.
    return pa.chunked_array([pa.array([None if v != v else f"{v:.12g}" for v in near], pa.string())])


def _spread(codes: np.ndarray, place: int) -> np.ndarray:
    """(rows,) uint64 summands of one column: all columns' sum is a row's key, without one the others'."""
    with np.errstate(over="ignore"):
        return _mix(_mix(codes + np.uint64(1)) + np.uint64(place + 1) * _ODD)


def _twins(keys: list[np.ndarray], ends: np.ndarray) -> dict[str, Any]:
    """Rows of test with an equal key outside of it, and of train with another there, by any of the keys."""
    found: tuple[Any, Any] = (False, False)
    for key in keys:
        train, validation, test = np.split(key, ends)
        _, place, count = np.unique(train, return_inverse=True, return_counts=True)
        outside = np.concatenate([train, validation])
        found = found[0] | np.isin(test, outside), found[1] | (count[place] > 1)
    rows = int(np.sum(found[0]))
    return {
        "rows": rows,
        "share": rows / max(1, len(np.split(keys[0], ends)[2])) if keys else 0.0,
        "within_train": float(np.mean(found[1])),
    }
