"""What several rooms test on: small dataset artifacts, written as ingest writes them, and both databases.

PostgreSQL runs on loopback where its programs are installed; elsewhere its tests skip.
"""

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from assay.platform.data.schema import ROW, Column, Schema

SECONDS_TO_START = 60


def write_dataset(folder: Path, table: pa.Table, schema: Schema, splits: tuple[int, int]) -> Path:
    """Write a dataset artifact: the first rows to train, the next to validation, the rest to test."""
    folder.mkdir(parents=True)
    table = table.add_column(0, ROW, pa.array(np.arange(table.num_rows)))
    train, validation = splits
    for name, part in (
        ("train", table.slice(0, train)),
        ("validation", table.slice(train, validation)),
        ("test", table.slice(train + validation)),
    ):
        pq.write_table(part, folder / f"{name}.parquet")
    (folder / "schema.json").write_text(json.dumps(schema.to_json()))
    (folder / "datasheet.json").write_text("{}")
    return folder


def columns(**kinds: tuple[str, str]) -> tuple[Column, ...]:
    """Columns by name: (kind, role)."""
    return tuple(Column(name=name, kind=kind, role=role, why="test") for name, (kind, role) in kinds.items())


def people(rows: int, seed: int) -> pa.Table:
    """Numbers with holes, categories, weights, and a label and a price that depend on both."""
    draw = np.random.default_rng(seed)
    age, job = draw.uniform(18, 80, rows), draw.choice(["clerk", "smith", "nurse"], rows)
    lift = 1.5 * (job == "smith") + (age - 50) / 20
    return pa.table(
        {
            "age": pa.array(age, mask=draw.random(rows) < 0.1),
            "job": pa.array(job, mask=draw.random(rows) < 0.05),
            "weight": draw.uniform(0.5, 2.0, rows),
            "label": np.where(lift + draw.logistic(0, 0.7, rows) > 0.3, "yes", "no"),
            "price": 1000 + 200 * lift + draw.normal(0, 30, rows),
        }
    )


@pytest.fixture(scope="session")
def write() -> Callable[..., Path]:
    """`write_dataset`, for tests that need rows of their own."""
    return write_dataset


@pytest.fixture(scope="session")
def tabular(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Binary labels from two columns; 300 train, 100 validation, 200 test rows."""
    kinds = columns(
        age=("numeric", "feature"), job=("categorical", "feature"), weight=("numeric", "ignored"),
        label=("categorical", "target"), price=("numeric", "ignored"),
    )  # fmt: skip
    schema = Schema(
        modality="tabular",
        task="binary",
        columns=kinds,
        target="label",
        classes=("no", "yes"),
        positive="yes",
    )
    return write_dataset(tmp_path_factory.mktemp("data") / "tabular", people(600, 0), schema, (300, 100))


@pytest.fixture(scope="session")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same people's price, a regression whose rows are weighted."""
    kinds = columns(
        age=("numeric", "feature"), job=("categorical", "feature"), weight=("numeric", "weight"),
        label=("categorical", "ignored"), price=("numeric", "target"),
    )  # fmt: skip
    schema = Schema(modality="tabular", task="regression", columns=kinds, target="price", weight="weight")
    return write_dataset(tmp_path_factory.mktemp("data") / "prices", people(600, 0), schema, (300, 100))


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grey 8×8 pictures of four classes, a bright corner each; 96 train, 32 validation, 64 test rows."""
    draw = np.random.default_rng(0)
    codes = draw.integers(0, 4, 192)
    pixels = draw.integers(0, 120, (192, 8, 8))
    for row, code in enumerate(codes):
        pixels[row, 4 * (code // 2) :, :][:4, 4 * (code % 2) :][:, :4] += 100
    images = pa.FixedSizeListArray.from_arrays(pa.array(pixels.reshape(-1).astype(np.uint8)), 64)
    table = pa.table({"image": images, "corner": np.array(["a", "b", "c", "d"])[codes]})
    schema = Schema(
        modality="image", task="multiclass", target="corner", classes=("a", "b", "c", "d"), image=(1, 8, 8),
        columns=columns(image=("image", "feature"), corner=("categorical", "target")),
    )  # fmt: skip
    return write_dataset(tmp_path_factory.mktemp("data") / "pictures", table, schema, (96, 32))


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
    """URL of an empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'registry.db'}"
        return
    import psycopg

    server = request.getfixturevalue("postgresql")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    yield server
