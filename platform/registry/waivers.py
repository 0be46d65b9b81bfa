"""Waivers: the only way around a gate. Each names a person, a reason and a last day, and is never changed.

A waiver is bound to what one version is made of and to one check of its policy, limit and all: another
version, another limit, or the day after, and it doesn't count. Revoking adds a row; nothing is deleted.
Waivers aren't signed yet: whoever can write to the registry can give one, in any name.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, Text, and_, select

from ..exceptions import ModelError, RegistryError
from .database import REGISTRY, Contents, Database
from .records import Verdict, Version, Waiver, now
from .rows import read_waiver, waiver_row
from .tables import refuse_changes

_ASKED = (
    "metric", "over", "group", "confidence", "split", "not_worse_than", "requires", "source", "limit",
)  # fmt: skip
"""Keys of a check that say what is asked; the others say what was found."""

_metadata = MetaData()

_schema_version = Table(
    "waiver_schema_version",
    _metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
)

_waivers = Table(
    "waivers",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(100), nullable=False),
    Column("number", Integer, nullable=False),
    Column("identity", String(64), nullable=False),
    Column("check", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("until", String(10), nullable=False),
    Column("created", String(40), nullable=False),
    Column("checksum", String(64), nullable=False),
)

_revocations = Table(
    "revocations",
    _metadata,
    Column("waiver", ForeignKey("waivers.id"), primary_key=True),
    Column("created", String(40), nullable=False),
)

refuse_changes(_waivers, _revocations)

#: In the registry's database, with a version of its own: a registry that is older gets them with its first.
_CONTENTS = Contents(
    what="table of waivers",
    tables=_metadata,
    version_table=_schema_version,
    version=1,
    error=RegistryError,
    lost=REGISTRY.lost,
)


class Waivers:
    """The waivers in a registry's database.

    Args:
        url: as of the registry.

    Raises:
        RegistryError: from every method, where the database is gone, locked, full, corrupt or read-only.
    """

    def __init__(self, url: str):
        self._database = Database(url, _CONTENTS)

    def give(self, waiver: Waiver) -> None:
        """Record a waiver."""
        with self._database.writing() as connection:
            connection.execute(_waivers.insert().values(waiver_row(waiver)))

    def revoke(self, version: Version, number: int) -> Waiver:
        """End a waiver of a version now.

        Raises:
            ModelError: this version has no such waiver, or it is revoked already.
        """
        known = {waiver.id: waiver for waiver in self.of(version)}
        if number not in known:
            raise ModelError(
                f"{version.name}@{version.number} has no such waiver",
                got=number,
                expected=", ".join(map(str, known)) or "none is in force or expired",
            )
        with self._database.writing() as connection:
            connection.execute(_revocations.insert().values(waiver=number, created=now()))
        return known[number]

    def of(self, version: Version) -> list[Waiver]:
        """Waivers bound to exactly what a version is made of, expired ones too, revoked ones not.

        Raises:
            VerificationError: a row was changed since it was written.
        """
        if self._database.unused:
            return []
        bound = and_(
            _waivers.c.name == version.name,
            _waivers.c.number == version.number,
            _waivers.c.identity == version.identity,
        )
        revoked = select(_revocations.c.waiver)
        statement = select(_waivers).where(bound, _waivers.c.id.not_in(revoked)).order_by(_waivers.c.id)
        with self._database.reading() as connection:
            return [read_waiver(row) for row in connection.execute(statement).all()]


def today() -> str:
    """The day in UTC, ISO 8601: waivers end with it."""
    return datetime.now(UTC).date().isoformat()


def asked(check: Mapping[str, Any]) -> dict[str, Any]:
    """A check of a verdict without what was found."""
    return {key: check[key] for key in _ASKED if key in check}


def unwaived(verdict: Verdict, given: Sequence[Waiver], *, on: str | None = None) -> list[Mapping[str, Any]]:
    """Checks that stand in the way: neither passed nor waived. A verdict without checks is in its own way.

    Args:
        verdict: on one version.
        given: waivers of the same version.
        on: the day, ISO 8601; today without it.
    """
    if verdict.status == "pass":
        return []
    day = on or today()
    waived = [waiver.check for waiver in given if waiver.counts(day)]
    still = [
        check for check in verdict.checks if check.get("status") != "pass" and asked(check) not in waived
    ]
    return still if verdict.checks else [{"status": verdict.status}]
