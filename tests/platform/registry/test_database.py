"""Database gone, locked, corrupt, read-only or of another version: an error that says what to do."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from assay.platform.exceptions import RegistryError, SpecError
from assay.platform.registry import Registry
from assay.platform.registry import database as database_module

NOBODY = 65534


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "registry.db"


@pytest.fixture
def registry(path, version) -> Registry:
    registry = Registry(f"sqlite:///{path}")
    registry.register(version(1))
    return registry


def test_sqlite_runs_in_wal_mode_with_foreign_keys(registry, path):
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with registry._database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


@pytest.mark.parametrize(
    "url", ["", "registry.db", "mysql://host/name", "sqlite://", "sqlite:///:memory:", "postgres//", "://"]
)
def test_a_url_that_can_not_hold_a_registry_is_refused(url):
    with pytest.raises(SpecError, match="ASSAY_DATABASE"):
        Registry(url)


def test_passwords_are_not_repeated_in_errors():
    registry = Registry("postgresql://user:secret@127.0.0.1:1/name")
    with pytest.raises(RegistryError) as failed:
        registry.models()
    assert "secret" not in str(failed.value)
    assert "check that the database is there" in str(failed.value)
    with pytest.raises(SpecError) as refused:
        Registry("mysql://user:secret@host/name")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough to be read as one" * 50, b"\x00" * 4096]
)
def test_a_corrupt_file_is_named_with_what_to_do(path, content):
    path.write_bytes(content)
    with pytest.raises(RegistryError, match="move the file aside"):
        Registry(f"sqlite:///{path}").models()


def test_a_file_cut_short_is_named_with_what_to_do(registry, path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(RegistryError, match="move the file aside"):
        Registry(f"sqlite:///{path}").versions("adult")


def test_a_lock_that_is_not_given_back_is_named(registry, path, version, monkeypatch):
    monkeypatch.setattr(database_module, "_BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RegistryError, match="another process writes"):
            registry.register(version(2))
        assert [v.number for v in registry.versions("adult")] == [1]
    registry.register(version(2))


def test_a_database_that_vanished_is_named_and_a_new_start_finds_nothing(registry, path, version):
    for part in path.parent.glob("registry.db*"):
        part.unlink()
    assert registry.models() == []
    path.touch()
    with pytest.raises(RegistryError, match="check that the database is there"):
        registry.register(version(1))
    assert Registry(f"sqlite:///{path}").register(version(1)).number == 1


def test_a_registry_of_another_schema_version_is_refused(registry, path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE schema_version SET version = 99")
    with pytest.raises(RegistryError, match="schema version 99; this Assay knows 1"):
        Registry(f"sqlite:///{path}").models()


def test_a_home_that_can_not_be_made_is_named(tmp_path, version):
    (tmp_path / "home").write_text("")
    with pytest.raises(RegistryError, match="mend:"):
        Registry(f"sqlite:///{tmp_path / 'home' / 'registry.db'}").register(version(1))


def test_a_read_only_registry_is_read_and_not_written(version):
    folder = Path(tempfile.mkdtemp())
    try:
        url = f"sqlite:///{folder / 'registry.db'}"
        Registry(url).register(version(1))
        (folder / "registry.db").chmod(0o444)
        folder.chmod(0o555)
        root = os.geteuid() == 0
        os.seteuid(NOBODY if root else os.geteuid())
        try:
            registry = Registry(url)
            assert [v.number for v in registry.versions("adult")] == [1]
            with pytest.raises(RegistryError, match="make the file and its folder writable"):
                registry.register(version(2))
        finally:
            os.seteuid(0 if root else os.geteuid())
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_full_disk_is_named(registry, version, path):
    with closing(sqlite3.connect(path)) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]

    def fill(connection):
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        connection.exec_driver_sql("INSERT INTO models VALUES (?, ?)", ("big", "x" * 100_000))

    with pytest.raises(RegistryError, match="free space"), registry._database.writing() as connection:
        fill(connection)
    assert registry.register(version(2)).number == 2


def test_a_server_that_is_gone_is_named(postgresql, version):
    registry = Registry(postgresql.replace("/postgres", "/nothing-of-that-name"))
    with pytest.raises(RegistryError, match="check that the database is there"):
        registry.register(version(1))


def test_listing_imports_no_orm_and_no_heavy_library():
    code = "import sys, assay.platform.registry; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"sqlalchemy.orm", "torch", "numpy", "pandas", "pydantic", "prefect", "psycopg"} & set(loaded)
