"""T6 and the test split: the same spec gives the same weights, and nothing of the test rows reaches them."""

import ast
import hashlib
from pathlib import Path

import assay
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from assay.platform.calibration.temperature import calibrate
from assay.platform.data.config import DataConfig
from assay.platform.data.ingest import ingest
from assay.platform.training import train
from assay.platform.training.config import ModelConfig, TrainConfig

ROOT = Path(assay.__file__).parent


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def trained(dataset: Path, place: Path) -> dict[str, str]:
    """Every byte of the calibrated model that comes of a dataset folder."""
    for name in ("model", "scratch", "calibrated"):
        (place / name).mkdir(parents=True)
    train(
        dataset=dataset, model=ModelConfig(architecture="mlp", options={"width": 16, "depth": 1}),
        config=TrainConfig(epochs=2, batch_size=64), pretrained=None,
        out=place / "model", scratch=place / "scratch", progress=lambda progress: None, ray_address=None,
    )  # fmt: skip
    calibrate(dataset=dataset, model=place / "model", out=place / "calibrated")
    return digests(place / "calibrated")


@pytest.fixture(scope="module")
def dataset(loans_spec, tmp_path_factory) -> Path:
    data = loans_spec()["data"]
    out = tmp_path_factory.mktemp("dataset")
    ingest(DataConfig(**data | {"sensitive": tuple(data["sensitive"])}), out=out)
    return out


@pytest.fixture(scope="module")
def reference(dataset, tmp_path_factory) -> dict[str, str]:
    return trained(dataset, tmp_path_factory.mktemp("reference"))


def test_the_same_spec_and_seed_give_the_same_bytes(dataset, reference, tmp_path):
    assert trained(dataset, tmp_path) == reference


def test_permuting_the_test_labels_leaves_the_model_unchanged(dataset, reference, tmp_path):
    copy = tmp_path / "dataset"
    copy.mkdir()
    for path in dataset.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    table = pq.read_table(copy / "test.parquet")
    shuffled = np.random.default_rng(0).permutation(table["granted"].to_numpy(zero_copy_only=False))
    assert (shuffled != table["granted"].to_numpy(zero_copy_only=False)).any()
    place = table.column_names.index("granted")
    pq.write_table(table.set_column(place, "granted", pa.array(shuffled)), copy / "test.parquet")
    assert trained(copy, tmp_path / "run") == reference


def test_training_and_calibration_need_no_test_split_at_all(dataset, reference, tmp_path):
    copy = tmp_path / "dataset"
    copy.mkdir()
    for path in dataset.iterdir():
        if path.name != "test.parquet":
            (copy / path.name).write_bytes(path.read_bytes())
    assert trained(copy, tmp_path / "run") == reference


def test_only_audits_ask_for_the_test_table():
    callers = {
        path.relative_to(ROOT).as_posix()
        for room in ("audits", "flows", "models", "platform")
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "test_table"
    }
    assert callers == {
        "flows/audit_stage.py",
        "flows/few_shot_audit.py",
        "flows/member_evidence.py",
        "flows/row_audit.py",
    }
