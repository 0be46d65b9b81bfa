"""A PostgreSQL server of our own on loopback, where its programs are installed; else those tests skip."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from assay.platform.registry import Registry, Version

SECONDS_TO_START = 60
LONG_AGO = "2026-01-01T00:00:00+00:00"


def program(name: str) -> Path | None:
    """A PostgreSQL program: the real one, for those on the path may be wrappers that refuse root."""
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    if installed:
        return installed[-1]
    found = shutil.which(name)
    return Path(found) if found else None


def server_account() -> dict:
    """How to start it: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam("postgres")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """URL of an empty database, on a server that ends with the session."""
    initdb, postgres = program("initdb"), program("postgres")
    if initdb is None or postgres is None:
        pytest.skip("PostgreSQL's initdb and postgres are not installed")
    try:
        account = server_account()
    except KeyError:
        pytest.skip("running as root and there is no account postgres to run the server as")
    folder = Path(tempfile.mkdtemp(prefix="assay-postgresql-"))
    if account:
        os.chown(folder, account["user"], account["group"])
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    data, quiet = folder / "data", {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    init = [initdb, "-D", data, "-U", "assay", "-A", "trust", "--no-sync"]
    subprocess.run(init, check=True, timeout=SECONDS_TO_START, **account, **quiet)
    options = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": folder,
        "fsync": "off",
    }
    arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    server = subprocess.Popen([postgres, "-D", data, *arguments], **account, **quiet)
    try:
        url = f"postgresql://assay@127.0.0.1:{port}/postgres"
        _wait(url, server)
        yield url
    finally:
        server.send_signal(signal.SIGINT)  # its fast shutdown: ends sessions, waits for none
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(10)
        server.kill()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait(url: str, server: subprocess.Popen) -> None:
    import psycopg

    until = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            assert server.poll() is None, "PostgreSQL ended while it started"
            assert time.monotonic() < until, "PostgreSQL did not start in time"
            time.sleep(0.1)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path) -> Iterator[str]:
    """URL of an empty registry, on each database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'registry.db'}"
        return
    import psycopg

    server = request.getfixturevalue("postgresql")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    yield server


@pytest.fixture
def registry(url) -> Registry:
    return Registry(url)


@pytest.fixture
def version():
    """Function that makes a version whose parts follow from one word."""

    def make(number: int = 1, word: str | None = None, name: str = "adult") -> Version:
        word = f"v{number}" if word is None else word
        digests = {part: f"{part} {word}" for part in ("spec", "model", "audit", "policy")}
        artifacts = {"calibrated": "k" * 64}
        return Version(name=name, number=number, digests=digests, artifacts=artifacts, created=LONG_AGO)

    return make
