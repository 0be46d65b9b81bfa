"""A small table of people, its schema, and models of other libraries fitted on it."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from assay.platform.data.schema import Column, Schema


def schema(task: str = "binary", **more) -> Schema:
    kinds = {"x": "numeric", "z": "numeric", "colour": "categorical", "sex": "categorical", "said": "text"}
    roles = {"sex": "sensitive", "said": "ignored"}
    columns = [Column(name=n, kind=kind, role=roles.get(n, "feature"), why="") for n, kind in kinds.items()]
    columns.append(Column(name="y", kind="categorical", role="target", why=""))
    classes = {"binary": ("yes", "no"), "multiclass": ("a", "b", "c"), "regression": ()}[task]
    facts = {
        "modality": "tabular", "task": task, "columns": tuple(columns), "target": "y", "classes": classes,
        "positive": "no" if task == "binary" else None, "sensitive": ("sex",),
    }  # fmt: skip
    return Schema(**facts | more)


def people(rows: int = 200) -> pa.Table:
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=(2, rows))
    return pa.table(
        {
            "__row__": np.arange(rows),
            "x": x,
            "z": z,
            "colour": rng.choice(["red", "green"], rows),
            "sex": rng.choice(["f", "m"], rows),
            "said": rng.choice(["good film", "bad film"], rows),
            "y": np.where(x + z + rng.normal(size=rows) > 0, "yes", "no"),
        }
    )


@pytest.fixture
def table() -> pa.Table:
    return people()


@pytest.fixture
def dataset(tmp_path, table) -> Path:
    folder = tmp_path / "dataset"
    folder.mkdir()
    for split in ("train", "validation", "test"):
        pq.write_table(table, folder / f"{split}.parquet")
    (folder / "schema.json").write_text(json.dumps(schema().to_json()))
    (folder / "datasheet.json").write_text("{}")
    return folder
