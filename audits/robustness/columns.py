"""Changes of a table's columns: noise, shifts, other units, categories never seen, cells that are empty.

Every change goes through the model's front door, a table, so that it can be made for any model. Deviations
are those of the rows at hand.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pyarrow as pa

from ...platform.data.schema import Column, Schema
from ...platform.data.values import numbers
from .family import Change

__all__ = ["emptied", "shifts"]

NOISE = (0.1, 0.3, 1.0)
SHIFTS = (-1.0, -0.5, 0.5, 1.0)
UNITS = (0.1, 10.0)
SHARES = (0.05, 0.1, 0.25, 0.5)
UNSEEN = "a category never seen"
_MOST_COLUMNS = 30
"""Columns that are changed one at a time; of a wider table the first ones."""


def shifts(table: pa.Table, schema: Schema, seed: int) -> Iterator[Change]:
    """Noise on all numbers at once; then each column alone: moved, in another unit, never seen.

    Noise and moves are in units of the column's standard deviation.
    """
    numeric = [c.name for c in _features(table, schema, "numeric")]
    for level in NOISE if numeric else ():
        yield Change(kind="noise", level=level, table=partial(_noisy, table, numeric, level, seed))
    for name in numeric[:_MOST_COLUMNS]:
        for level in SHIFTS:
            yield Change(kind="shift", level=level, on=name, table=partial(_moved, table, name, level))
        for level in UNITS:
            yield Change(kind="unit", level=level, on=name, table=partial(_scaled, table, name, level))
    for column in _features(table, schema, "categorical")[:_MOST_COLUMNS]:
        yield Change(
            kind="unseen",
            level="all rows",
            on=column.name,
            table=partial(_replaced, table, column.name, UNSEEN),
        )


def emptied(table: pa.Table, schema: Schema, seed: int) -> Iterator[Change]:
    """Cells that are empty: a share of all cells, completely at random, then each column alone, wholly."""
    names = [c.name for c in _features(table, schema, "numeric", "categorical", "date", "text")]
    for level in SHARES if names else ():
        yield Change(kind="cells", level=level, table=partial(_sparse, table, names, level, seed))
    for name in names[:_MOST_COLUMNS]:
        yield Change(kind="column", level="all rows", on=name, table=partial(_replaced, table, name, None))


def values(table: pa.Table, name: str) -> np.ndarray:
    """`(n,)` float64 of a numeric column, NaN where missing."""
    return numbers(table[name], name).to_numpy(zero_copy_only=False).astype(float)


def with_values(table: pa.Table, name: str, column: np.ndarray) -> pa.Table:
    """The table with other numbers in one column, null where NaN."""
    return table.set_column(table.column_names.index(name), name, pa.array(column, from_pandas=True))


def deviation(column: np.ndarray) -> float:
    """Standard deviation of the numbers that are there; 0 where there are none."""
    known = column[np.isfinite(column)]
    return float(known.std()) if len(known) else 0.0


def _features(table: pa.Table, schema: Schema, *kinds: str) -> list[Column]:
    return [c for c in schema.features if c.kind in kinds and c.name in table.column_names]


def _noisy(table: pa.Table, names: list[str], level: float, seed: int) -> pa.Table:
    # Every column has a stream of its own: one more column must not change the others' noise.
    for place, name in enumerate(names):
        column = values(table, name)
        noise = np.random.default_rng((seed, place)).standard_normal(len(column))
        table = with_values(table, name, column + level * deviation(column) * noise)
    return table


def _moved(table: pa.Table, name: str, level: float) -> pa.Table:
    column = values(table, name)
    return with_values(table, name, column + level * deviation(column))


def _scaled(table: pa.Table, name: str, level: float) -> pa.Table:
    return with_values(table, name, values(table, name) * level)


def _replaced(table: pa.Table, name: str, cell: str | None) -> pa.Table:
    """One cell for all rows; an empty column keeps its type, a text is text whatever stood there."""
    type_ = pa.string() if cell is not None else table.schema.field(name).type
    column = pa.repeat(pa.scalar(cell, type_), table.num_rows)
    return table.set_column(table.column_names.index(name), name, column)


def _sparse(table: pa.Table, names: list[str], share: float, seed: int) -> pa.Table:
    for place, name in enumerate(names):
        gone = np.random.default_rng((seed, place)).random(table.num_rows) < share
        column = table[name].combine_chunks()
        position = pa.array(np.arange(table.num_rows), pa.int64(), mask=gone)
        table = table.set_column(table.column_names.index(name), name, column.take(position))
    return table
