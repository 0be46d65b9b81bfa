"""Entries that can't be changed unseen: each holds the hash of the one before it.

Whoever can write to the database can write the whole chain anew. What is seen is that its head is another:
a report keeps the head of its day, and each machine the last one it saw.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from ...exceptions import VerificationError
from ...registry.records import now
from ...store.digest import canonical_json, digest_of_json
from .tables import entries

__all__ = ["START", "Head", "append", "check_head", "read"]


@dataclass(frozen=True, kw_only=True)
class Head:
    """The newest entry: it stands for all that the ledger held at that moment."""

    number: int
    hash: str

    def to_json(self) -> dict[str, Any]:
        """For a report, next to the epsilon that it states."""
        return {"number": self.number, "hash": self.hash}


START = Head(number=0, hash="0" * 64)
"""Head of a ledger in which nothing was ever written."""


def append(connection: Connection, head: Head, body: Mapping[str, Any]) -> Head:
    """Write one entry behind `head`, in a transaction that has read it and lets nobody else write."""
    dated = {**body, "created": now()}
    text = canonical_json(dated).decode()
    number = head.number + 1
    link = _hash(number, head.hash, text)
    connection.execute(entries.insert().values(number=number, previous=head.hash, body=text, hash=link))
    return Head(number=number, hash=link)


def read(connection: Connection) -> tuple[list[dict[str, Any]], Head]:
    """Every entry's body, oldest first with its number in it, and the head.

    Raises:
        VerificationError: an entry isn't as it was written; the first such one is named.
    """
    rows = connection.execute(select(entries).order_by(entries.c.number)).all()
    return _bodies(rows)


def check_head(rows: Sequence[Mapping[str, Any]], head: Head, seen: Head, where: str) -> None:
    """Hold the chain against a head from earlier.

    Raises:
        VerificationError: the chain doesn't lead through it.
    """
    if seen.number == 0 or seen == head:
        return
    if seen.number > len(rows):
        raise VerificationError(
            f"the privacy ledger lost entries: it ends at {head.number}, {where} saw entry {seen.number}"
        )
    if rows[seen.number - 1]["hash"] != seen.hash:
        raise VerificationError(
            f"the privacy ledger was written anew: its entry {seen.number} isn't the one that {where} saw"
        )


def _bodies(rows: Sequence[Row]) -> tuple[list[dict[str, Any]], Head]:
    bodies, head = [], START
    for row in rows:
        expected = head.number + 1
        if row.number != expected:
            raise VerificationError(f"the privacy ledger has no entry {expected}: it was deleted")
        if row.previous != head.hash or row.hash != _hash(row.number, row.previous, row.body):
            raise VerificationError(
                f"the privacy ledger's entry {row.number} was changed since it was written"
            )
        head = Head(number=row.number, hash=row.hash)
        bodies.append({**json.loads(row.body), "number": row.number, "hash": row.hash})
    return bodies, head


def _hash(number: int, previous: str, body: str) -> str:
    return digest_of_json({"number": number, "previous": previous, "body": body})
