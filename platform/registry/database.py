"""The door to the database: SQLite in WAL mode by default, PostgreSQL by URL; clear words when it fails."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    MetaData,
    Table,
    create_engine,
    event,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from ..exceptions import AssayError, RegistryError, SpecError
from ..store.lock import exclusive
from .tables import SCHEMA_VERSION, metadata, schema_version

_BUSY_SECONDS = 30
_CONNECT_SECONDS = 10
_EFFECTIVE = os.access in os.supports_effective_ids
_CREATION_LOCK = 0x617373  # PostgreSQL's advisory lock while tables are made


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a database is kept for; several may share one, as each has tables of its own."""

    what: str
    """The word for it in messages."""
    tables: MetaData
    """Its tables."""
    version_table: Table
    """The one of them that says which version of the tables it is, in its column `version`."""
    version: int
    """The version that this code knows."""
    error: type[AssayError]
    """What a failure becomes."""
    lost: str
    """What to do where the file is broken."""


REGISTRY = Contents(
    what="registry",
    tables=metadata,
    version_table=schema_version,
    version=SCHEMA_VERSION,
    error=RegistryError,
    lost="move the file aside and run again: artifacts are kept in the store, versions are registered anew",
)


class Database:
    """Transactions on one database; nothing is made or opened before the first of them.

    Args:
        url: `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/NAME`.
        contents: what it is kept for.

    Raises:
        SpecError: the URL isn't one of these.
    """

    def __init__(self, url: str, contents: Contents = REGISTRY):
        self.contents = contents
        self.url = _checked(url)
        self.path = Path(self.url.database or "") if self.url.drivername == "sqlite" else None
        self.label = self.url.render_as_string(hide_password=True)
        self._engine: Engine | None = None

    @property
    def missing(self) -> bool:
        """Whether nothing was ever written: the file isn't there."""
        return self.path is not None and not self.path.exists()

    @property
    def unused(self) -> bool:
        """Whether these contents were never written, though others may have been."""
        if self.missing:
            return True
        with self._failures():
            return self._engine is None and not _has_tables(self._open(), self.contents)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads."""
        with self._failures(), self._ready().connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes, committed at the end of the block or undone."""
        with self._failures():
            if self.path is not None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = self._ready().connect().execution_options(assay_writes=True)
            with connection, connection.begin():
                yield connection

    def _ready(self) -> Engine:
        """The engine, once its tables are known to be there."""
        if self._engine is None:
            engine = self._open()
            if not _has_tables(engine, self.contents):
                _create_tables(engine, self.path, self.contents)
            self._engine = engine
        return self._engine

    def _open(self) -> Engine:
        """An engine, whatever tables are there."""
        return _sqlite(self.path) if self.path is not None else _postgresql(self.url)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Turn the database's errors into one that says what to do; the caller reads IntegrityError."""
        try:
            yield
        except IntegrityError:
            raise
        except (SQLAlchemyError, OSError) as error:
            cause = str(error.orig).strip() if isinstance(error, DBAPIError) else str(error)
            raise self.contents.error(
                f"the {self.contents.what} at {self.label} failed: {cause}\n"
                f"  mend: {_mend(cause, self.contents)}"
            ) from error


def _checked(url: str) -> URL:
    """The URL with its driver named."""
    expected = {
        "expected": "sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME",
        "mend": "check ASSAY_DATABASE",
    }
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SpecError("the registry's URL can't be read", **expected) from None  # it may hold a password
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite" or parsed.database in (None, "", ":memory:"):
        got = parsed.render_as_string(hide_password=True)
        raise SpecError("the registry can't be kept there", got=got, **expected)
    return parsed.set(drivername="sqlite")


def _sqlite(path: Path) -> Engine:
    """Engine of a file; where its folder can't be written the file is read without a journal."""
    location = str(path.absolute())
    if path.exists() and not os.access(path.parent, os.W_OK, effective_ids=_EFFECTIVE):
        settled = not path.with_name(f"{path.name}-wal").exists()
        location = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if settled else ''}"
    engine = create_engine(
        "sqlite://",
        creator=lambda: _connect_sqlite(location),
        poolclass=NullPool,
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # Taking the write lock at once: two readers that both turn writers would deadlock.
        writes = connection.get_execution_options().get("assay_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _connect_sqlite(location: str) -> sqlite3.Connection:
    """One connection; `isolation_level=None` leaves BEGIN to the listener above."""
    connection = sqlite3.connect(
        location, timeout=_BUSY_SECONDS, isolation_level=None, uri=location.startswith("file:")
    )
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _postgresql(url: URL) -> Engine:
    """Engine of a server."""
    try:
        return create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": _CONNECT_SECONDS})
    except ModuleNotFoundError as error:
        raise SpecError(
            "the registry's URL needs a driver",
            got=f"no module {error.name}",
            mend="pip install 'assay[postgresql]'",
        ) from None


def _has_tables(engine: Engine, contents: Contents) -> bool:
    """Whether the tables are there, of the version that this code knows."""
    with engine.connect() as connection:
        if not inspect(connection).has_table(contents.version_table.name):
            return False
        version = connection.scalar(select(contents.version_table.c.version))
    if version != contents.version:
        raise contents.error(
            f"the {contents.what} has schema version {version}; this Assay knows {contents.version}\n"
            "  mend: use the Assay that made it, or another database (--home, ASSAY_DATABASE)"
        )
    return True


def _create_tables(engine: Engine, path: Path | None, contents: Contents) -> None:
    """Make the tables, once, whoever else tries at the same moment."""
    if path is None:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CREATION_LOCK})
            _create_if_missing(connection, contents)
        return
    # Switching to WAL doesn't wait for other connections, so the switch has a lock of its own.
    with exclusive(path.with_name(f"{path.name}.lock")):
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None, "a connection that was just opened has its driver's"
            driver.execute("PRAGMA journal_mode = WAL")
        with engine.connect().execution_options(assay_writes=True) as connection, connection.begin():
            _create_if_missing(connection, contents)


def _create_if_missing(connection: Connection, contents: Contents) -> None:
    if inspect(connection).has_table(contents.version_table.name):
        return
    contents.tables.create_all(connection)
    connection.execute(contents.version_table.insert().values(version=contents.version))


def _mend(cause: str, contents: Contents) -> str:
    """What to do, by what the database said."""
    said = cause.lower()
    if "not a database" in said or "malformed" in said:
        return contents.lost
    if "locked" in said:
        return "another process writes; run again when it has finished"
    if "readonly" in said or "read-only" in said or "permission" in said or "unable to open" in said:
        return "make the file and its folder writable, or choose another place (--home, ASSAY_DATABASE)"
    if "full" in said or "no space" in said:
        return "free space there and run again: finished stages are kept"
    return "check that the database is there and reachable, and run again: finished stages are kept"
