"""Records as rows and back; a row that was changed since it was written is refused."""

import json
from typing import Any

from sqlalchemy import Row

from ..exceptions import VerificationError
from ..store.digest import canonical_json, digest_of_json
from .records import Verdict, Version, Waiver


def version_row(version: Version) -> dict[str, Any]:
    """Columns of a version; `checksum` covers all others."""
    return _sealed(
        name=version.name,
        number=version.number,
        identity=version.identity,
        digests=_text(version.digests),
        artifacts=_text(version.artifacts),
        details=_text(version.details),
        created=version.created,
    )


def verdict_row(verdict: Verdict) -> dict[str, Any]:
    """Columns of a verdict; `checksum` covers all others."""
    return _sealed(
        name=verdict.name,
        number=verdict.number,
        identity=verdict.identity,
        status=verdict.status,
        checks=_text(verdict.checks),
        created=verdict.created,
    )


def read_version(row: Row) -> Version:
    """The version in a row.

    Raises:
        VerificationError: the row isn't as it was written.
    """
    columns = _unsealed(row, "the registry's row")
    identity = columns.pop("identity")
    for name in ("digests", "artifacts", "details"):
        columns[name] = json.loads(columns[name])
    version = Version(**columns)
    if version.identity != identity:
        raise VerificationError(
            f"{version.name}@{version.number}: the identity doesn't follow from the digests"
        )
    return version


def read_verdict(row: Row) -> Verdict:
    """The verdict in a row.

    Raises:
        VerificationError: the row isn't as it was written.
    """
    columns = _unsealed(row, "the verdict")
    del columns["id"]
    return Verdict(**{**columns, "checks": json.loads(columns["checks"])})


def waiver_row(waiver: Waiver) -> dict[str, Any]:
    """Columns of a waiver; `checksum` covers all others but the number that the registry gives."""
    return _sealed(
        name=waiver.name,
        number=waiver.number,
        identity=waiver.identity,
        check=_text(waiver.check),
        person=waiver.person,
        reason=waiver.reason,
        until=waiver.until,
        created=waiver.created,
    )


def read_waiver(row: Row) -> Waiver:
    """The waiver in a row.

    Raises:
        VerificationError: the row isn't as it was written.
    """
    columns = _unsealed(row, "a waiver")
    return Waiver(**{**columns, "check": json.loads(columns["check"])})


def _text(value: Any) -> str:
    return canonical_json(value).decode()


def _sealed(**columns: Any) -> dict[str, Any]:
    return {**columns, "checksum": digest_of_json(columns)}


def _unsealed(row: Row, what: str) -> dict[str, Any]:
    """Columns of a row without its checksum, which must fit."""
    columns = row._asdict()
    checksum = columns.pop("checksum")
    covered = {name: value for name, value in columns.items() if name != "id"}
    if digest_of_json(covered) != checksum:
        raise VerificationError(
            f"{what} of {columns['name']}@{columns['number']} was changed since it was written"
        )
    return columns
