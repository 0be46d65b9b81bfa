"""What of another domain is read for training, and what for its audit."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from assay.platform.adaptation.target import ingest_inputs, ingest_test, read_inputs, read_test
from assay.platform.data.config import DataConfig, SplitConfig
from assay.platform.data.dataset import Dataset
from assay.platform.data.ingest import ingest
from assay.platform.data.schema import Schema
from assay.platform.exceptions import DataError


def people(rows: int = 120, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": draw.integers(18, 80, rows),
            "job": draw.choice(["cook", "clerk", "nurse"], rows),
            "sex": draw.choice(["f", "m"], rows),
            "hired": draw.choice(["no", "yes"], rows),
        }
    )


@pytest.fixture(scope="module")
def schema(tmp_path_factory) -> Schema:
    place = tmp_path_factory.mktemp("first")
    people().to_csv(place / "people.csv", index=False)
    config = DataConfig(source=f"csv:{place / 'people.csv'}", target="hired", sensitive=("sex",))
    ingest(config, out=place / "dataset")
    return Dataset.open(place / "dataset").schema


def written(frame: pd.DataFrame, place: Path) -> str:
    frame.to_csv(place / "other.csv", index=False)
    return f"csv:{place / 'other.csv'}"


def files(frame: pd.DataFrame, schema: Schema, place: Path, split: SplitConfig | None = None):
    """Both artifacts' folders and details."""
    folders = [place / "inputs", place / "test"]
    for folder in folders:
        folder.mkdir(parents=True)
    source = written(frame, place)
    details = [
        make(source, schema, split or SplitConfig(), out=folder)
        for make, folder in zip((ingest_inputs, ingest_test), folders, strict=True)
    ]
    return folders, details


def test_training_gets_features_alone_and_no_row_that_is_audited(schema, tmp_path):
    other = people(200, 1)
    (inputs, test), details = files(other, schema, tmp_path)
    joined, audited = read_inputs(inputs), read_test(test)
    assert joined.column_names == ["__row__", "age", "job"]
    assert set(joined["__row__"].to_pylist()).isdisjoint(audited["__row__"].to_pylist())
    assert (joined.num_rows, audited.num_rows) == (160, 40)
    assert details == [{"rows": 200, "joined": 160}, {"audited": 40, "unlabelled": 0}]
    for table in (joined, audited):
        rows = table["__row__"].to_numpy()
        assert table["age"].to_pylist() == other["age"][rows].tolist()
    assert audited["hired"].to_pylist() == other["hired"][audited["__row__"].to_numpy()].tolist()


def test_no_byte_for_training_depends_on_a_label(schema, tmp_path):
    other = people(200, 1)
    shuffled = other.assign(hired=np.random.default_rng(2).permutation(other["hired"]))
    content = []
    for name, frame in (("a", other), ("b", shuffled), ("c", other.drop(columns="hired"))):
        (inputs, _), _ = files(frame, schema, tmp_path / name)
        content.append((inputs / "inputs.parquet").read_bytes())
    assert content[0] == content[1] == content[2]


def test_rows_without_label_are_counted_and_a_source_without_labels_has_no_test_rows(schema, tmp_path):
    other = people(200, 1)
    some = other.assign(hired=other["hired"].where(np.arange(200) % 2 == 0))
    (_, test), (_, details) = files(some, schema, tmp_path / "some")
    assert details["audited"] + details["unlabelled"] == 40
    assert read_test(test)["hired"].null_count == 0
    (_, test), (_, details) = files(other.drop(columns="hired"), schema, tmp_path / "none")
    assert (read_test(test), details) == (None, {"audited": 0, "unlabelled": 40})


def test_groups_of_split_by_stay_together(schema, tmp_path):
    (inputs, test), _ = files(people(200, 1), schema, tmp_path, SplitConfig(by="job"))
    jobs = [set(pq.read_table(folder)["job"].to_pylist()) for folder in (inputs, test)]
    assert jobs[0].isdisjoint(jobs[1])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda frame: frame.drop(columns="job"), "'job'"),
        (lambda frame: frame.drop(columns="sex"), "'sex'"),
        (lambda frame: frame.assign(age="old"), "'old'"),
        (lambda frame: frame.assign(hired="perhaps"), "'perhaps'"),
    ],
)
def test_other_columns_kinds_or_classes_are_refused(schema, tmp_path, change, said):
    with pytest.raises(DataError, match=said) as caught:
        files(change(people(200, 1)), schema, tmp_path)
    assert caught.value.exit_code == 2


def test_images_of_another_shape_are_refused(tmp_path):
    ingest(DataConfig(source="builtin:digits"), out=tmp_path / "digits")
    with pytest.raises(DataError, match="28"):
        ingest_inputs(
            "builtin:omniglot", Dataset.open(tmp_path / "digits").schema, SplitConfig(), out=tmp_path
        )
