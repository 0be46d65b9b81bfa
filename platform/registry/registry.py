"""The registry: numbered immutable versions, aliases, and verdicts bound to what they judged."""

from collections.abc import Sequence

from sqlalchemy import Connection, Row, Select, and_, func, select
from sqlalchemy.exc import IntegrityError

from ..exceptions import ModelError, RegistryError, SpecError, VersionTakenError, nearest
from ..store.name import check_name
from .database import Database
from .records import Summary, Verdict, Version, now
from .rows import read_verdict, read_version, verdict_row, version_row
from .tables import aliases, models, verdicts, versions
from .waivers import Waivers, unwaived

PRODUCTION = "production"
LATEST = "latest"


class Registry:
    """Versions of models in a database; reading makes nothing.

    Args:
        url: `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/NAME`.

    Raises:
        SpecError: the URL isn't one of these.
        RegistryError: from every method, where the database is gone, locked, full, corrupt or read-only.
    """

    def __init__(self, url: str):
        self._database = Database(url)
        self.waivers = Waivers(url)

    def next_version(self, name: str, identity: str) -> tuple[int, bool]:
        """Number that a version of this identity has, or would get now.

        Returns:
            The number, and whether that version exists already.
        """
        return _place(self._rows(_places(check_name(name, "model name"))), identity)

    def register(self, version: Version, *, verdict: Verdict | None = None) -> Version:
        """Add a version together with the verdict on it, both or neither.

        Returns:
            The version; where its identity is registered already, the one that exists.

        Raises:
            VersionTakenError: another process took the number first; ask `next_version` again.
        """
        check_name(version.name, "model name")
        try:
            with self._database.writing() as connection:
                number, exists = _place(connection.execute(_places(version.name)).all(), version.identity)
                if not exists:
                    _insert(connection, version, free=number)
                    if verdict is not None:
                        connection.execute(verdicts.insert().values(verdict_row(verdict)))
        except IntegrityError as error:  # PostgreSQL: two clients may both have seen the number free
            number, exists = self.next_version(version.name, version.identity)
            if not exists and number == version.number:
                raise RegistryError(f"{version.name}@{number} was refused: {error.orig}") from error
            if not exists:
                raise _taken(version, number) from error
        return self.version(version.name, number)

    def versions(self, name: str) -> list[Version]:
        """Every version of a model, oldest first; none where the model is unknown."""
        rows = self._rows(select(versions).where(versions.c.name == name).order_by(versions.c.number))
        return [read_version(row) for row in rows]

    def version(self, name: str, which: int | str | None = None) -> Version:
        """One version of a model.

        Args:
            name: the model.
            which: its number, an alias, "latest", or None for the latest.

        Raises:
            ModelError: there is no such model, number or alias.
            VerificationError: the row was changed since it was written.
        """
        known = self.versions(check_name(name, "model name"))
        if not known:
            names = [row.name for row in self._rows(select(models.c.name))]
            mend = (
                nearest(name, names) if names else "the registry is empty: `assay run` makes a first version"
            )
            raise ModelError("there is no such model", got=name, mend=mend)
        if which is None or which == LATEST:
            return known[-1]
        number = int(which) if str(which).isdecimal() else self.aliases(name).get(str(which))
        for version in known:
            if version.number == number:
                return version
        expected = ", ".join([f"1 to {known[-1].number}", LATEST, *self.aliases(name)])
        raise ModelError(f"{name} has no such version", got=which, expected=expected)

    def models(self) -> list[Summary]:
        """The newest version of every model, with the verdict on it and the model's aliases."""
        newest = select(versions.c.name, func.max(versions.c.number).label("number")).group_by(
            versions.c.name
        )
        last = newest.subquery()
        same = and_(versions.c.name == last.c.name, versions.c.number == last.c.number)
        latest = [
            read_version(r) for r in self._rows(select(versions).join(last, same).order_by(versions.c.name))
        ]
        judged = and_(verdicts.c.name == last.c.name, verdicts.c.number == last.c.number)
        rows = self._rows(select(verdicts).join(last, judged).order_by(verdicts.c.id))
        said = {(verdict.name, verdict.identity): verdict for verdict in map(read_verdict, rows)}
        pointing: dict[str, dict[str, int]] = {}
        for row in self._rows(select(aliases).order_by(aliases.c.alias)):
            pointing.setdefault(row.name, {})[row.alias] = row.number
        return [
            Summary(latest=v, verdict=said.get((v.name, v.identity)), aliases=pointing.get(v.name, {}))
            for v in latest
        ]

    def aliases(self, name: str) -> dict[str, int]:
        """Number of the version behind each alias of a model."""
        rows = self._rows(select(aliases).where(aliases.c.name == name).order_by(aliases.c.alias))
        return {row.alias: row.number for row in rows}

    def alias(self, name: str, alias: str, number: int) -> None:
        """Point an alias at a version, without a gate.

        Raises:
            ModelError: no such version, or the alias is one that only `promote` may move.
            SpecError: the alias can't be told from a number, or is reserved.
        """
        version = self.version(name, number)
        rows = self._rows(select(aliases).where(aliases.c.name == name, aliases.c.alias == alias))
        if alias == PRODUCTION or any(row.gated for row in rows):
            raise ModelError(
                f"the alias {alias} says that a gate was passed, so it can't be set by hand",
                mend=f"promote {name}@{number} to {alias}: that asks for a passing gate",
            )
        self._point(version, alias, gated=False)

    def promote(self, name: str, number: int, alias: str = PRODUCTION) -> Version:
        """Point an alias at a version whose gate has passed, or whose every open check is waived today.

        Raises:
            ModelError: the last verdict on exactly what this version is made of isn't a pass, and not waived.
        """
        version = self.version(name, number)
        verdict = self.verdict_on(version)
        if verdict is None or unwaived(verdict, self.waivers.of(version)):
            raise ModelError(
                f"{name}@{number} can't be promoted to {alias}",
                got=f"gate: {verdict.status}"
                if verdict
                else "no verdict bound to what this version is made of",
                expected="gate: pass, or a waiver for each check that doesn't",
                mend=f"`assay gate {name}@{number}` says which checks are in the way",
            )
        self._point(version, alias, gated=True)
        return version

    def verdict(self, verdict: Verdict) -> None:
        """Record what a policy said of a version.

        Raises:
            ModelError: there is no such version.
        """
        self.version(verdict.name, verdict.number)
        with self._database.writing() as connection:
            connection.execute(verdicts.insert().values(verdict_row(verdict)))

    def verdict_on(self, version: Version) -> Verdict | None:
        """The last verdict bound to exactly what this version is made of; None where there is none.

        Raises:
            VerificationError: the row was changed since it was written.
        """
        bound = and_(
            verdicts.c.name == version.name,
            verdicts.c.number == version.number,
            verdicts.c.identity == version.identity,
        )
        rows = self._rows(select(verdicts).where(bound).order_by(verdicts.c.id.desc()).limit(1))
        return read_verdict(rows[0]) if rows else None

    def _rows(self, statement: Select) -> Sequence[Row]:
        """Rows of one query; none where nothing was ever written."""
        if self._database.missing:
            return []
        with self._database.reading() as connection:
            return connection.execute(statement).all()

    def _point(self, version: Version, alias: str, *, gated: bool) -> None:
        """Make an alias mean a version."""
        if check_name(alias, "alias").isdecimal() or alias == LATEST:
            raise SpecError("the alias is taken", got=alias, expected=f"neither a number nor {LATEST!r}")
        here = and_(aliases.c.name == version.name, aliases.c.alias == alias)
        row = {
            "name": version.name,
            "alias": alias,
            "number": version.number,
            "gated": gated,
            "created": now(),
        }
        with self._database.writing() as connection:
            connection.execute(aliases.delete().where(here))
            connection.execute(aliases.insert().values(row))


def _places(name: str) -> Select:
    """Number and identity of each version of a model."""
    return select(versions.c.number, versions.c.identity).where(versions.c.name == name)


def _place(rows: Sequence[Row], identity: str) -> tuple[int, bool]:
    """Number that an identity has, or the next free one; and whether it has one."""
    for row in rows:
        if row.identity == identity:
            return row.number, True
    return max((row.number for row in rows), default=0) + 1, False


def _insert(connection: Connection, version: Version, *, free: int) -> None:
    """Insert a version at the free number, or not at all."""
    if version.number < free:
        raise _taken(version, free)
    if version.number > free:
        raise RegistryError(
            f"{version.name} has no version {free} yet, so {version.number} would leave a gap"
        )
    if free == 1:
        connection.execute(models.insert().values(name=version.name, created=version.created))
    connection.execute(versions.insert().values(version_row(version)))


def _taken(version: Version, free: int) -> VersionTakenError:
    return VersionTakenError(f"version {version.number} of {version.name} was just taken; {free} is free")
