"""Keyed digests of rows or persons, by which the ledger knows them again in another file.

HMAC-SHA256 (RFC 2104) under a key that never leaves its machine, cut to 8 bytes: among ten million rows two
that differ share a digest with a chance of 3 in a million, and then too much is charged, never too little.
A row is known again if the same columns hold the same values, in whatever order rows and columns come. An
edited value makes another row: declare such a file's parent.
"""

import datetime
import hmac
import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from ...exceptions import DataError

__all__ = ["row_digests"]

ROWS_AT_A_TIME = 65_536
_CELL = 16  # bytes


def row_digests(table: pa.Table, columns: Sequence[str], key: bytes) -> np.ndarray:
    """The distinct digests of a table's units, sorted.

    Args:
        table: the rows as they stand in the source, before anything was fitted on them.
        columns: which columns make a unit the same: all of the source's for rows, the one with the person's
            name for persons.
        key: `Ledger.row_key`.

    Returns:
        `(units,)` uint64.

    Raises:
        DataError: a column isn't there, or none was named.
    """
    missing = [name for name in columns if name not in table.column_names]
    if missing or not columns:
        raise DataError(
            "rows can't be digested", got=missing or "no column", expected=f"some of {table.column_names}"
        )
    names = sorted(set(columns))
    parts = [np.empty(0, dtype=np.uint64)]
    for batch in table.select(names).to_batches(max_chunksize=ROWS_AT_A_TIME):
        parts.append(np.unique(_batch(batch, names, key)))
    return np.unique(np.concatenate(parts))


def _batch(batch: pa.RecordBatch, names: Sequence[str], key: bytes) -> np.ndarray:
    cells = [_cells(batch.column(name), name, key) for name in names]
    rows = np.hstack(cells) if len(cells) > 1 else cells[0]  # (rows, columns * 16)
    width = rows.shape[1]
    stream = memoryview(rows.tobytes())
    digests = b"".join(
        hmac.digest(key, stream[start : start + width], "sha256")[:8]
        for start in range(0, len(stream), width)
    )
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64, copy=False)


def _cells(column: pa.Array, name: str, key: bytes) -> np.ndarray:
    """A digest of each cell, `(rows, 16)` uint8: each distinct value is digested once."""
    prefix = f"{name}\x00".encode()
    if pa.types.is_nested(column.type):
        values = _nested(column)
        places = np.arange(len(column))
    else:
        coded = column.dictionary_encode()
        values = [_canonical(value) for value in coded.dictionary.to_pylist()]
        values.append(_canonical(None))
        places = coded.indices.fill_null(len(values) - 1).to_numpy(zero_copy_only=False)
    digests = b"".join(hmac.digest(key, prefix + value, "sha256")[:_CELL] for value in values)
    return np.frombuffer(digests, dtype=np.uint8).reshape(-1, _CELL)[places]


def _nested(column: pa.Array) -> list[bytes]:
    """Each cell's bytes: of pixels as they lie there, of anything else as it is written."""
    if not (pa.types.is_fixed_size_list(column.type) and len(column) and not column.null_count):
        return [repr(value).encode() for value in column.to_pylist()]
    return [row.tobytes() for row in np.asarray(column.flatten()).reshape(len(column), -1)]


def _canonical(value: object) -> bytes:
    """A cell's value as text, the same whichever type a file's other rows made of its column."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return b"\x00"
    if isinstance(value, bytes):
        return value
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        value = value.date()
    text = str(value).strip()
    if text in ("True", "False", "TRUE", "FALSE"):
        text = text.lower()
    try:
        number = float(text)
    except ValueError:
        return text.encode("utf-8", "surrogatepass")
    return (repr(number + 0.0) if math.isfinite(number) else text).encode()
