"""Omniglot as it is packaged: every drawing once, named so that nothing is mixed up across alphabets."""

import hashlib
import io
import re
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from assay.platform.data.builtin import omniglot
from assay.platform.data.config import DataConfig, SplitConfig
from assay.platform.data.dataset import Dataset
from assay.platform.data.ingest import ingest
from PIL import Image

FOLDER = Path(omniglot.__file__).parent / "omniglot"


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> pa.Table:
    return omniglot.read(tmp_path_factory.mktemp("scratch")).table


def test_the_archives_are_those_that_the_attribution_names():
    named = dict(re.findall(r"`(\S+\.zip)` \| `([0-9a-f]{64})`", (FOLDER / "ATTRIBUTION.md").read_text()))
    assert named == {
        name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() for name in omniglot.ARCHIVES
    }


def test_every_character_has_one_drawing_by_each_of_its_alphabets_twenty_drawers(table):
    rows = table.select(["character", "alphabet", "drawer"]).to_pylist()
    assert len(rows) == len({(row["character"], row["drawer"]) for row in rows}) == 4_840
    assert set(Counter(row["character"] for row in rows).values()) == {20}
    assert len({row["drawer"] for row in rows}) == 160
    characters = {row["alphabet"]: set() for row in rows}
    for row in rows:
        assert row["character"].startswith(f"{row['alphabet']} character")
        assert row["drawer"].startswith(f"{row['alphabet']} drawer")
        characters[row["alphabet"]].add(row["character"])
    assert {name: len(known) for name, known in characters.items()} == {
        "Balinese": 24, "Early_Aramaic": 22, "Greek": 24, "Korean": 40, "Latin": 26,
        "Japanese_(katakana)": 47, "Sanskrit": 42, "Tagalog": 17,
    }  # fmt: skip


def test_alphabets_of_both_archives_hold_the_same_bytes_so_leaving_out_one_copy_loses_nothing():
    found = [_bytes(FOLDER / name) for name in omniglot.ARCHIVES]
    both = found[0].keys() & found[1].keys()
    assert {name.split("/")[0] for name in both} == {"Greek", "Latin"}
    assert len(both) == 1_000
    assert all(found[0][name] == found[1][name] for name in both)


def test_pixels_are_the_mean_ink_of_the_original_drawing(table):
    name = "images_background_small2/Tagalog/character03/0895_07.png"
    with zipfile.ZipFile(FOLDER / omniglot.ARCHIVES[1]) as files:
        ink = 1.0 - np.asarray(Image.open(io.BytesIO(files.read(name))), dtype=float)
    cell = np.ceil((np.arange(105) + 0.5) / 3.75) - 1  # of 28, by the centre of each of 105 pixels
    share = np.equal.outer(np.arange(28), cell)
    share = share / share.sum(axis=1, keepdims=True)
    row = next(
        index
        for index, (character, drawer) in enumerate(
            zip(table["character"].to_pylist(), table["drawer"].to_pylist(), strict=True)
        )
        if (character, drawer) == ("Tagalog character03", "Tagalog drawer07")
    )
    read = np.array(table["image"][row].as_py()).reshape(28, 28) / 255
    assert np.abs(read - share @ ink @ share.T).max() <= 1.01 / 255  # both passes round to a byte


def test_the_chain_learns_characters_from_pixels_alone_and_may_keep_drawers_apart(tmp_path):
    details = ingest(DataConfig(source="builtin:omniglot", split=SplitConfig(by="drawer")), out=tmp_path)
    dataset = Dataset.open(tmp_path)
    assert sum(details["splits"].values()) == details["rows"] == 4_840
    assert [column.name for column in dataset.schema.features] == ["image"]
    assert (dataset.schema.target, len(dataset.schema.classes)) == ("character", 242)
    drawers = [set(t["drawer"].to_pylist()) for t in (dataset.table("train"), dataset.test_table())]
    assert not drawers[0] & drawers[1]


def _bytes(archive: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as files:
        return {name.split("/", 1)[1]: files.read(name) for name in files.namelist() if name.endswith(".png")}
