import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from assay.platform.data import sources
from assay.platform.data.config import DataConfig
from assay.platform.data.dataset import Dataset
from assay.platform.data.ingest import ingest
from assay.platform.data.inspect import inspect, source_of
from assay.platform.exceptions import DataError
from PIL import Image


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for number in range(40):
        label = "cat" if number % 2 else "dog"
        (tmp_path / "pets" / label).mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (12, 10, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "pets" / label / f"{number}.png")
    return tmp_path / "pets"


def test_a_fingerprint_needs_no_heavy_library():
    code = (
        "import sys; from assay.platform.data.sources import fingerprint;fingerprint('builtin:adult');"
        "fingerprint('builtin:digits');import assay.platform.data.config;"
        "print({'datasets', 'pandas', 'torch', 'sklearn', 'numpy', 'pyarrow'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


def test_a_fingerprint_changes_with_the_bytes_and_not_with_the_place(tmp_path: Path, folder: Path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("x,y\n1,2\n")
    one, other = (sources.fingerprint(f"csv:{tmp_path / name}") for name in ("a.csv", "b.csv"))
    assert one == other
    (tmp_path / "b.csv").write_text("x,y\n1,3\n")
    assert sources.fingerprint(f"csv:{tmp_path / 'b.csv'}") != one
    before = sources.fingerprint(f"imagefolder:{folder}")
    (folder / "cat" / "1.png").rename(folder / "dog" / "1.png")
    assert sources.fingerprint(f"imagefolder:{folder}") != before


def test_every_scheme_and_built_in_has_a_reader():
    for scheme in sources.SCHEMES.values():
        if scheme.reader:
            module, _, function = scheme.reader.partition(":")
            assert callable(getattr(importlib.import_module(module, "assay.platform.data"), function))
    for one in sources.BUILTINS.values():
        assert all(file.is_file() for file in one.files())
        assert callable(importlib.import_module(one.module, "assay.platform.data").read)


def test_an_image_folder_is_read_pixel_by_pixel(tmp_path: Path, folder: Path):
    ingest(DataConfig(source=f"imagefolder:{folder}"), out=tmp_path / "out")
    dataset = Dataset.open(tmp_path / "out")
    assert dataset.schema.image == (3, 12, 10)
    assert dataset.schema.classes == ("cat", "dog")
    table = dataset.table("train")
    files = sorted(folder.rglob("*.png"), key=lambda path: (path.parent.name, path.name))
    for row in range(3):
        source = files[table["__row__"][row].as_py()]
        assert table["label"][row].as_py() == source.parent.name
        expected = np.asarray(Image.open(source)).transpose(2, 0, 1).ravel()
        assert table["image"][row].as_py() == expected.tolist()


def test_images_of_another_size_are_resized_and_that_is_said(tmp_path: Path, folder: Path):
    Image.new("RGB", (33, 21)).save(folder / "cat" / "large.png")
    ingest(DataConfig(source=f"imagefolder:{folder}"), out=tmp_path / "out")
    dataset = Dataset.open(tmp_path / "out")
    assert dataset.schema.image == (3, 12, 10)
    assert dataset.datasheet["notes"] == ["1 of 41 images were resized to 10 x 12, the most frequent size"]


@pytest.mark.parametrize("cut", [0, 20, 300])
def test_an_unreadable_image_is_named(tmp_path: Path, folder: Path, cut: int):
    broken = folder / "dog" / "4.png"
    broken.write_bytes(broken.read_bytes()[:cut])
    with pytest.raises(DataError, match=r"4\.png"):
        ingest(DataConfig(source=f"imagefolder:{folder}"), out=tmp_path / "out")


def test_a_folder_without_images_is_refused(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no data set of images"):
        ingest(DataConfig(source=f"imagefolder:{tmp_path / 'empty'}"), out=tmp_path / "out")


def test_a_hub_folder_keeps_its_official_splits(tmp_path: Path):
    (tmp_path / "hub").mkdir()
    for name, start in (("train", 0), ("test", 100)):
        rows = pd.DataFrame({"n": np.arange(start, start + 60) % 9, "label": ["a", "b"] * 30})
        rows.to_csv(tmp_path / "hub" / f"{name}.csv", index=False)
    details = ingest(DataConfig(source=f"hf:{tmp_path / 'hub'}", target="label"), out=tmp_path / "out")
    assert details["splits"] == {"train": 54, "validation": 6, "test": 60}
    assert details["dealt"] == 60  # the hub's test rows are the hub's
    assert sources.fingerprint(f"hf:{tmp_path / 'hub'}").startswith("hf:")


def test_a_hub_repository_out_of_reach_is_an_error_with_a_way_out(tmp_path: Path):
    for attempt in (sources.fingerprint, lambda source: sources.read(source, scratch=tmp_path)):
        with pytest.raises(DataError, match="parquet"):
            attempt("hf:nobody/nothing")


def test_an_inspection_gives_a_spec_that_runs_and_says_what_it_saw(tmp_path: Path, hostile_csv: Path):
    seen = inspect(hostile_csv, "risk class", ["sex", "age (years)"])
    spec = yaml.safe_load(yaml.safe_dump(seen.spec))
    assert spec == {
        "name": "people-1",
        "data": {"source": f"csv:{hostile_csv}", "target": "Risk class", "sensitive": ["Sex", "Age (years)"]},
    }
    text = "\n".join(seen.notes)
    assert "multiclass" in text
    assert "'Notes': text" in text
    assert "no label" in text
    config = DataConfig(
        source=spec["data"]["source"], target="Risk class", sensitive=tuple(spec["data"]["sensitive"])
    )
    ingest(config, out=tmp_path / "out")


def test_a_file_of_unknown_kind_is_refused_by_its_suffix(tmp_path: Path):
    assert source_of(Path("a/b.csv.gz")) == "csv:a/b.csv.gz"
    assert source_of(tmp_path) == f"imagefolder:{tmp_path}"
    with pytest.raises(DataError, match=r"\.xlsx"):
        source_of(Path("book.xlsx"))
