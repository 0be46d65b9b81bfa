"""The ledger as one transaction sees it, and the transactions.

Writers take turns: SQLite by BEGIN IMMEDIATE, PostgreSQL by an advisory lock. Whoever writes has therefore
read all that was written before.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from ...exceptions import DataError, LedgerError, VerificationError, nearest
from ...registry.database import Database
from .chain import START, Head, append, check_head, read
from .events import Event
from .overlap import Block, read_blocks
from .private_file import PrivateFile
from .records import Registered, Reservation, State, replay
from .tables import LEDGER

__all__ = ["Book", "Shelf"]

_WRITING_LOCK = 0x6C656467


class Book:
    """The ledger as one transaction sees it."""

    def __init__(self, connection: Connection):
        self.connection = connection
        self.entries, self.head = read(connection)
        self.state: State = replay(self.entries)

    def blocks(self) -> list[Block]:
        """Which rows data sets share.

        Raises:
            VerificationError: a data set has lost rows, or got some. `verify_chain` looks at each row.
        """
        found = read_blocks(self.connection)
        held = Counter[tuple[str, str]]()
        for block in found:
            held.update({(block.unit, member): block.rows for member in block.members})
        for place, known in self.state.datasets.items():
            if place not in held or held[place] != known.rows:
                raise VerificationError(f"the ledger's row digests of {place[1]} by {place[0]} were changed")
        return found

    def write(self, kind: str, **body: Any) -> None:
        """Add an entry; the state isn't replayed."""
        self.head = append(self.connection, self.head, {"kind": kind, **body})

    def at(self, head: Head) -> State:
        """What the ledger said when `head` was its newest entry.

        Raises:
            VerificationError: the chain doesn't lead through it.
        """
        check_head(self.entries, self.head, head, "a report")
        return replay(self.entries[: head.number])

    def dataset(self, name: str, unit: str) -> Registered:
        """A data set that must be known."""
        known = self.state.datasets.get((unit, name))
        if known is None:
            names = [one for place, one in self.state.datasets if place == unit]
            raise DataError(
                f"the ledger knows no such data set by {unit}",
                got=name,
                mend=nearest(name, names) if names else "register it first",
            )
        return known

    def asked(self, dataset: str, event: Event, run: str, unit: str) -> Reservation:
        """The next reservation, if it is written."""
        self.dataset(dataset, unit)
        return Reservation(
            number=self.head.number + 1,
            dataset=dataset,
            unit=unit,
            run=run,
            attempt=1 + len(self.state.of_run(run)),
            event=event,
        )

    def current(self, reservation: Reservation) -> Reservation:
        """A reservation as it stands now."""
        now = self.state.reservations.get(reservation.number)
        if now is None or (now.run, now.attempt) != (reservation.run, reservation.attempt):
            raise LedgerError(f"the ledger has no reservation {reservation.number} of run {reservation.run}")
        return now


class Shelf:
    """Where the ledger is kept: its database, and the files that stay on this machine."""

    def __init__(self, url: str, private: Path):
        self._database = Database(url, LEDGER)
        self.private = PrivateFile(private)

    @property
    def begun(self) -> bool:
        """Whether anything was ever written, as far as this machine knows."""
        return not self._database.missing or self.private.seen() != START

    @contextmanager
    def reading(self) -> Iterator[Book]:
        """A transaction that only reads."""
        self._refuse_a_loss()
        if self._database.missing:
            raise LedgerError("there is no privacy ledger yet\n  mend: register a data set, which makes it")
        with self._database.reading() as connection:
            yield self._opened(connection)

    @contextmanager
    def writing(self) -> Iterator[Book]:
        """A transaction in which nobody else writes; its head is noted when it has been committed."""
        self._refuse_a_loss()
        name = self.private.name()
        with self._database.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITING_LOCK})
            book = self._opened(connection)
            before = book.head
            if book.state.key is None:
                book.write("key", key=name)
            elif book.state.key != name:
                raise LedgerError(
                    f"the key in {self.private.folder} isn't this ledger's: rows couldn't be known again\n"
                    "  mend: copy ledger.key from a machine that uses this ledger"
                )
            yield book
        if book.head != before:
            self.private.note(book.head)

    def _opened(self, connection: Connection) -> Book:
        seen = self.private.seen()  # before reading: others may write on meanwhile
        book = Book(connection)
        check_head(book.entries, book.head, seen, "this machine")
        return book

    def _refuse_a_loss(self) -> None:
        """A ledger that was there and isn't any more isn't begun anew: it would forget what was spent."""
        if self._database.missing and (seen := self.private.seen()) != START:
            raise LedgerError(
                f"the privacy ledger at {self._database.label} is gone; it had {seen.number} entries\n"
                "  mend: bring back its backup; without it nobody knows what was spent"
            )
