"""Texts through ingest and preprocessing: which columns are read, and what is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from assay.models.inputs import TextInput, inputs_from_dict
from assay.platform.data import sources
from assay.platform.data.config import DataConfig
from assay.platform.data.dataset import Dataset
from assay.platform.data.declared import declared_preprocessor
from assay.platform.data.ingest import ingest
from assay.platform.data.inspect import inspect
from assay.platform.data.preprocess import Preprocessor
from assay.platform.data.schema import Schema
from assay.platform.data.text_config import TextConfig
from assay.platform.exceptions import DataError

WORDS = ("warm", "coat", "heavy", "light", "winter", "spring", "wool", "long", "short", "button")


def frame(rows: int = 120) -> pd.DataFrame:
    """What people said, a number, and whether they liked it."""
    rng = np.random.default_rng(0)
    said = [" ".join(rng.choice(WORDS, 8)) for _ in range(rows)]
    return pd.DataFrame(
        {
            "said": said,
            "age": rng.integers(18, 80, rows),
            "size": rng.choice(["s", "m"], rows),
            "liked": np.where(["warm" in text for text in said], "yes", "no"),
        }
    )


def opened(tmp_path: Path, table: pd.DataFrame, **config) -> Dataset:
    table.to_csv(tmp_path / "said.csv", index=False)
    ingest(DataConfig(source=f"csv:{tmp_path / 'said.csv'}", target="liked", **config), out=tmp_path / "out")
    return Dataset.open(tmp_path / "out")


def roles(dataset: Dataset) -> dict[str, str]:
    return {column.name: column.role for column in dataset.schema.columns}


def test_beside_other_columns_a_text_is_left_out_and_the_reason_says_how_to_have_it_read(tmp_path):
    dataset = opened(tmp_path, frame())
    assert dataset.schema.modality == "tabular"
    assert roles(dataset) == {"said": "ignored", "age": "feature", "size": "feature", "liked": "target"}
    assert "data.columns" in dataset.schema.column("said").why
    assert "text" not in dataset.schema.to_json()


@pytest.mark.parametrize("config", [{"columns": {"said": "text"}}, {"ignore": ("age", "size")}])
def test_a_declared_text_or_one_without_other_features_is_read_alone(tmp_path, config):
    dataset = opened(tmp_path, frame(), **config)
    assert dataset.schema.modality == "text"
    assert dataset.schema.text == TextConfig()
    assert [column.name for column in dataset.schema.features] == ["said"]
    assert roles(dataset)["age"] == "ignored"
    assert Schema.from_json(dataset.schema.to_json()) == dataset.schema


def test_lists_that_stand_beside_texts_are_not_read(tmp_path):
    table = frame().assign(tags=[["a", "b"]] * 120)
    table.to_parquet(tmp_path / "said.parquet")
    config = DataConfig(
        source=f"parquet:{tmp_path / 'said.parquet'}", target="liked", columns={"said": "text"}
    )
    ingest(config, out=tmp_path / "out")
    assert [column.name for column in Dataset.open(tmp_path / "out").schema.features] == ["said"]


def test_the_vocabulary_is_learned_from_the_train_rows_alone(tmp_path):
    table = frame(200)
    own = [f"unique{chr(97 + i % 26)}{i}x" for i in range(200)]
    table["said"] = [f"{text} {word} {word}" for text, word in zip(table["said"], own, strict=True)]
    dataset = opened(tmp_path, table, columns={"said": "text"}, text=TextConfig(tokenizer="words"))
    known = set(Preprocessor.fit(dataset.table("train"), dataset.schema).tokens.vocabulary)
    for split, seen in (("train", True), ("validation", False)):
        own = {text.split()[-1] for text in dataset.table(split)["said"].to_pylist()}
        assert own <= known if seen else not own & known


def test_a_fitted_preprocessor_survives_json_and_says_what_the_network_takes(tmp_path):
    dataset = opened(tmp_path, frame(), columns={"said": "text"}, text=TextConfig(vocabulary=310, length=16))
    train = dataset.table("train")
    fitted = Preprocessor.fit(train, dataset.schema)
    again = Preprocessor.from_json(fitted.to_json())
    assert again == fitted
    (lines,), (same,) = fitted.transform(train), again.transform(train)
    assert (lines == same).all()
    assert (fitted.raw(train)[0] == lines).all()
    assert inputs_from_dict(fitted.inputs()) == TextInput(vocabulary=len(fitted.tokens.vocabulary), length=16)
    with pytest.raises(DataError, match="lacks columns"):
        fitted.transform(train.drop_columns(["said"]))


def test_reviews_are_read_from_title_and_text_and_never_from_the_stars(tmp_path):
    details = ingest(DataConfig(source="builtin:reviews", sensitive=("Age",)), out=tmp_path)
    dataset = Dataset.open(tmp_path)
    schema = dataset.schema
    assert details["rows"] == 23_486
    assert (schema.modality, schema.task, schema.positive) == ("text", "binary", "1")
    assert [column.name for column in schema.features] == ["Title", "Review Text"]
    assert schema.column("Rating").role == "ignored"
    assert "stars" in schema.column("Rating").why
    assert len(schema.bands["Age"]) >= 2
    labels = pa.concat_tables([dataset.table("train"), dataset.test_table(), dataset.table("validation")])
    assert sum(labels["Recommended IND"].to_pylist()) / 23_486 == pytest.approx(0.82236, abs=1e-5)
    told = dataset.datasheet["proxies"]["Age"]
    assert 0.5 < told["auroc"] < 0.8  # older writers write a little otherwise
    assert told["columns"] == []


def test_words_that_give_a_group_away_are_found(tmp_path):
    table = frame(400)
    table["size"] = np.where(["wool" in text for text in table["said"]], "m", "s")
    config = {"columns": {"said": "text"}, "sensitive": ("size", "age"), "bands": {"age": (45.0,)}}
    found = opened(tmp_path, table, **config).datasheet["proxies"]
    assert found["size"]["auroc"] > 0.95
    assert abs(found["age"]["auroc"] - 0.5) < 0.1


def test_empty_texts_are_refused_before_anything_is_trained(tmp_path):
    dataset = opened(tmp_path, frame().assign(said=""), columns={"said": "text"}, sensitive=("size",))
    assert "empty" in dataset.datasheet["proxies"]["size"]["reason"]
    with pytest.raises(DataError, match="nothing can be learnt from empty texts"):
        Preprocessor.fit(dataset.table("train"), dataset.schema)


def test_the_packaged_reviews_are_the_bytes_that_their_attribution_names():
    import hashlib

    (file,) = sources.builtin("reviews").files()
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert digest in (file.parent / "ATTRIBUTION.md").read_text()


@pytest.fixture
def folder(tmp_path) -> Path:
    """Forty short texts of two classes, one of them with a byte order mark and one of another script."""
    for number in range(40):
        label = "kind" if number % 2 else "cross"
        (tmp_path / "mail" / label).mkdir(parents=True, exist_ok=True)
        (tmp_path / "mail" / label / f"{number}.txt").write_text(f"{label} {number}", encoding="utf-8")
    (tmp_path / "mail" / "kind" / "1.txt").write_text("kind 1", encoding="utf-8-sig")
    (tmp_path / "mail" / "kind" / "3.txt").write_text("сердечно", encoding="utf-8")
    return tmp_path / "mail"


def test_a_folder_of_texts_has_its_folders_as_classes(folder, tmp_path):
    ingest(DataConfig(source=f"text:{folder}"), out=tmp_path / "out")
    dataset = Dataset.open(tmp_path / "out")
    assert dataset.schema.modality == "text"
    assert dataset.schema.classes == ("cross", "kind")
    assert [column.name for column in dataset.schema.features] == ["text"]
    rows = pa.concat_tables([dataset.table("train"), dataset.table("validation"), dataset.test_table()])
    assert {"kind 1", "сердечно"} <= set(rows["text"].to_pylist())
    found = inspect(folder, "label")
    assert found.spec["data"] == {"source": f"text:{folder}", "target": "label", "positive": "kind"}


def test_a_test_folder_stays_the_test_split(folder, tmp_path):
    for split in ("train", "test"):
        for label in ("cross", "kind"):
            (tmp_path / "split" / split / label).mkdir(parents=True)
    for number, file in enumerate(sorted(folder.glob("*/*.txt"))):
        split = "test" if number % 4 == 0 else "train"
        file.rename(tmp_path / "split" / split / file.parent.name / file.name)
    details = ingest(DataConfig(source=f"text:{tmp_path / 'split'}"), out=tmp_path / "out")
    assert details["splits"]["test"] == 10


def test_a_fingerprint_of_texts_changes_with_a_label(folder):
    before = sources.fingerprint(f"text:{folder}")
    (folder / "kind" / "1.txt").rename(folder / "cross" / "1.txt")
    assert sources.fingerprint(f"text:{folder}") != before


@pytest.mark.parametrize(
    ("content", "said"), [(b"\xff\xfe\x00", "can't be read"), (b"x" * ((1 << 20) + 1), "1,048,577 bytes")]
)
def test_a_file_that_is_no_text_is_named(folder, tmp_path, content, said):
    (folder / "kind" / "bad.txt").write_bytes(content)
    with pytest.raises(DataError, match=r"kind/bad\.txt can't be read") as caught:
        ingest(DataConfig(source=f"text:{folder}"), out=tmp_path / "out")
    assert said in str(caught.value)


def test_a_folder_without_texts_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no texts"):
        ingest(DataConfig(source=f"text:{tmp_path / 'empty'}"), out=tmp_path / "out")
    with pytest.raises(DataError, match="the texts can't be read"):
        ingest(DataConfig(source=f"text:{tmp_path / 'none'}"), out=tmp_path / "out")


def test_settings_of_texts_for_a_table_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"data\.text says how texts are read, and none is"):
        opened(tmp_path, frame(), text=TextConfig())


def test_texts_have_no_codebook(tmp_path):
    schema = opened(tmp_path, frame(), columns={"said": "text"}).schema
    with pytest.raises(DataError, match="no vocabulary can be declared"):
        declared_preprocessor(schema)
