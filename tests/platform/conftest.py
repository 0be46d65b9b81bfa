"""Small dataset artifacts that several rooms train on, written as ingest writes them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from assay.platform.data.schema import ROW, Column, Schema


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
