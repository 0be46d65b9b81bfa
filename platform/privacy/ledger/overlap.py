"""Which rows data sets have in common.

Rows are parted into blocks: a block holds the rows that lie in exactly the same data sets. A new data set
splits each block in two, what it shares and what it doesn't, and adds a block of its new rows (partition
refinement). What a data set has spent is the most that any of its blocks was charged.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from sqlalchemy import Connection, select

from ...exceptions import DataError
from .records import Registered
from .tables import blocks

__all__ = ["Block", "add_dataset", "digest_of", "families", "read_blocks", "stored_digests"]

MOST_ROWS = 100_000_000
"""Of one data set: its digests are one value of 800 MB, and databases hold 1 GB."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """Rows that the same data sets share."""

    id: int
    unit: str
    members: frozenset[str]
    rows: int


def digest_of(digests: np.ndarray) -> str:
    """What an entry notes of a data set's digests, which are sorted and distinct: `(rows,)` uint64."""
    return sha256(_bytes(digests)).hexdigest()


def read_blocks(connection: Connection) -> list[Block]:
    """Every block, without its digests."""
    columns = (blocks.c.id, blocks.c.unit, blocks.c.members, blocks.c.rows)
    return [
        Block(id=row.id, unit=row.unit, members=frozenset(json.loads(row.members)), rows=row.rows)
        for row in connection.execute(select(*columns).order_by(blocks.c.id))
    ]


def stored_digests(connection: Connection, unit: str, dataset: str) -> np.ndarray:
    """A data set's digests put together from its blocks, sorted: `(rows,)` uint64."""
    mine = [b.id for b in read_blocks(connection) if b.unit == unit and dataset in b.members]
    parts = [_digests(connection, block) for block in mine]
    return np.sort(np.concatenate([np.empty(0, np.uint64), *parts]))


def add_dataset(connection: Connection, unit: str, dataset: str, digests: np.ndarray) -> None:
    """Refine the blocks by a data set that is new to them.

    Args:
        connection: a transaction that lets nobody else write.
        unit: blocks of other units are left alone.
        dataset: its name.
        digests: sorted and distinct, `(rows,)` uint64; none where a data set's rows aren't known: it gets an
            empty block, which nothing shares.

    Raises:
        DataError: there are more rows than a database holds in one value.
    """
    if len(digests) > MOST_ROWS:
        raise DataError("a data set has too many rows for the ledger", got=len(digests), expected=MOST_ROWS)
    fresh = np.ones(len(digests), dtype=bool)
    for block in read_blocks(connection):
        if block.unit != unit or not block.rows:
            continue
        held = _digests(connection, block.id)
        place = np.minimum(np.searchsorted(digests, held), max(len(digests) - 1, 0))
        shared = digests[place] == held if len(digests) else np.zeros(len(held), dtype=bool)
        if not shared.any():
            continue
        fresh[place[shared]] = False
        connection.execute(blocks.delete().where(blocks.c.id == block.id))
        if not shared.all():
            _insert(connection, unit, block.members, held[~shared])
        _insert(connection, unit, block.members | {dataset}, held[shared])
    if fresh.any() or not len(digests):
        _insert(connection, unit, frozenset({dataset}), digests[fresh])


def families(
    datasets: Mapping[tuple[str, str], Registered], every: Sequence[Block], unit: str
) -> dict[str, frozenset[str]]:
    """For each data set the ones that count as the same rows, by declared lineage where no more is known.

    A declared parent whose rows are known to hold all of the child's, or the reverse, adds nothing: the
    blocks say exactly which rows are shared. Where rows were changed on the way, blocks can't tell, and all
    that descend from one another are one family.
    """
    names = [name for place, name in datasets if place == unit]
    within = {
        name: {b.id for b in every if b.unit == unit and b.rows and name in b.members} for name in names
    }
    family = {name: {name} for name in names}
    for name in names:
        for parent in datasets[unit, name].parents:
            mine, theirs = within[name], within[parent]
            if mine and theirs and (mine <= theirs or theirs <= mine):
                continue
            merged = family[name] | family[parent]
            for one in merged:
                family[one] = merged
    return {name: frozenset(members) for name, members in family.items()}


def _digests(connection: Connection, block: int) -> np.ndarray:
    held = connection.scalar(select(blocks.c.digests).where(blocks.c.id == block))
    return np.frombuffer(held or b"", dtype="<u8").astype(np.uint64, copy=False)


def _insert(connection: Connection, unit: str, members: frozenset[str], digests: np.ndarray) -> None:
    row = {"unit": unit, "members": json.dumps(sorted(members)), "rows": len(digests)}
    connection.execute(blocks.insert().values(**row, digests=_bytes(digests)))


def _bytes(digests: np.ndarray) -> bytes:
    return np.ascontiguousarray(digests, dtype="<u8").tobytes()
