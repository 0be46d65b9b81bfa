"""Canary rows in training: what the network sees of them, a death that changes no coin, what they find."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from assay.audits.privacy.one_run import measure
from assay.platform.data.dataset import Dataset
from assay.platform.data.schema import ROW, Column, Schema
from assay.platform.exceptions import CombinationError, SpecError
from assay.platform.predictor import load_model
from assay.platform.privacy.canaries.mislabelled import Mislabelled, mislabelled
from assay.platform.privacy.canaries.scores import CANARY_ROWS, CanaryScores
from assay.platform.privacy.config import PrivacyConfig
from assay.platform.privacy.noise import GaussianNoise
from assay.platform.training.config import ModelConfig
from sklearn.metrics import log_loss

PRIVACY = PrivacyConfig(epsilon=2.0, delta=1e-4, accountant="rdp", canaries=0, canary_rows=60, noise_seed=5)
PLAIN = replace(PRIVACY, canary_rows=0)
PROGRAM = Path(__file__).with_name("killed_canary_rows.py")
BY_HEART = {"epochs": 30, "batch_size": 64, "patience": None, "keep": "last", "weight_decay": 0.0}
WIDE = ModelConfig(architecture="mlp", options={"width": 256, "depth": 1})


@pytest.fixture
def canaries(tabular) -> Mislabelled:
    """The draw of the runs with a seed."""
    return mislabelled(Dataset.open(tabular).table("train").num_rows, 2, 60, seed=5)


@pytest.fixture
def rewritten(tabular, write, tmp_path):
    """The dataset with other train rows."""

    def other(name: str, train: pa.Table) -> Path:
        data = Dataset.open(tabular)
        parts = [part.drop_columns([ROW]) for part in (train, data.table("validation"), data.test_table())]
        sizes = (parts[0].num_rows, parts[1].num_rows)
        return write(tmp_path / name, pa.concat_tables(parts), data.schema, sizes)

    return other


@pytest.fixture
def clear(write, tmp_path) -> Path:
    """Rows with twenty numbers, the first of which tells the label: a wrong one is learned by heart."""
    numbers = np.random.default_rng(0).normal(size=(800, 20))
    table = pa.table(
        {f"x{i}": numbers[:, i] for i in range(20)} | {"label": np.where(numbers[:, 0] > 0, "yes", "no")}
    )
    kinds = {f"x{i}": ("numeric", "feature") for i in range(20)} | {"label": ("categorical", "target")}
    described = tuple(
        Column(name=name, kind=kind, role=role, why="test") for name, (kind, role) in kinds.items()
    )
    schema = Schema(
        modality="tabular",
        task="binary",
        columns=described,
        target="label",
        classes=("no", "yes"),
        positive="yes",
    )
    return write(tmp_path / "clear", table, schema, (600, 100))


def weights(folder: Path) -> bytes:
    return (folder / "weights" / "model.safetensors").read_bytes()


def replaced(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)


def test_training_is_that_on_a_file_without_excluded_rows_and_with_wrong_labels(
    trained, tabular, canaries, rewritten
):
    table = Dataset.open(tabular).table("train")
    labels = np.array(table["label"].to_pylist(), dtype=object)
    wrong = canaries.rows[canaries.included]
    labels[wrong] = np.where(labels[wrong] == "yes", "no", "yes")
    kept = np.setdiff1d(np.arange(table.num_rows), canaries.rows[~canaries.included])
    by_hand = replaced(table, "label", pa.array(labels, pa.string())).take(pa.array(kept))
    (found, details), (expected, _) = (
        trained(tabular, privacy=PRIVACY),
        trained(rewritten("by hand", by_hand), privacy=PLAIN),
    )
    assert weights(found) == weights(expected)
    assert (found / "preprocess.json").read_bytes() == (expected / "preprocess.json").read_bytes()
    assert details["labels"]["train"] == len(kept) == 300 - np.count_nonzero(~canaries.included)
    assert weights(found) != weights(trained(tabular, privacy=PLAIN)[0])


@pytest.mark.parametrize("included", [False, True])
def test_what_an_excluded_row_holds_changes_no_weight_and_what_an_included_one_holds_does(
    included, trained, tabular, canaries, rewritten
):
    table = Dataset.open(tabular).table("train")
    changed = np.isin(np.arange(300), canaries.rows[canaries.included == included])
    age = pc.if_else(pa.array(changed), pa.scalar(79.0), table["age"])
    (first, _), (second, _) = (
        trained(data, privacy=PRIVACY) for data in (tabular, rewritten("older", replaced(table, "age", age)))
    )
    assert (weights(first) == weights(second)) == (not included)


def test_scores_are_what_the_published_model_says_of_wrong_labels(trained, tabular, canaries):
    folder, _ = trained(tabular, privacy=PRIVACY)
    found = CanaryScores.from_parquet(folder / CANARY_ROWS)
    np.testing.assert_array_equal(found.included, canaries.included)
    assert found.delta == PRIVACY.delta
    taken = Dataset.open(tabular).table("train").take(pa.array(canaries.rows))
    probabilities = load_model(folder).predict(taken)  # uncalibrated yet; rounded to six digits
    wrong = np.array(taken["label"].to_pylist()) == "no"
    losses = [
        log_loss([label], [row], labels=[0, 1]) for label, row in zip(wrong, probabilities, strict=True)
    ]
    np.testing.assert_allclose(found.scores, -np.array(losses), atol=1e-4)


def test_canaries_are_neither_members_nor_among_those_that_are_said_to_be(trained, tabular, canaries):
    folder, _ = trained(tabular, privacy=PRIVACY)
    labels = json.loads((folder / "labels.json").read_bytes())
    rows = Dataset.open(tabular).table("train")[ROW].to_numpy()
    assert labels["train_rows"] == np.delete(rows, canaries.rows).tolist()
    assert labels["validation_rows"] is None


def test_a_killed_run_goes_on_with_the_coins_that_lay_there_before_its_first_step(tabular, tmp_path):
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    out.mkdir()
    command = [sys.executable, str(PROGRAM), *map(str, (tabular, out, scratch))]
    died = subprocess.run([*command, "die"], capture_output=True, text=True, timeout=120)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert not any(out.iterdir())
    (kept,) = (scratch / "canary_rows").iterdir()
    assert (scratch / "canary_rows").stat().st_mode & 0o077 == 0
    before = json.loads(kept.read_bytes())
    again = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert again.returncode == 0, again.stderr
    details = json.loads(again.stdout)
    assert details["resumed_from"] is not None
    found = CanaryScores.from_parquet(out / CANARY_ROWS)
    assert found.included.tolist() == before["included"]
    assert details["labels"]["train"] == 300 - before["included"].count(False)


@pytest.mark.parametrize(
    ("data", "privacy", "settings", "word"),
    [
        ("prices", {}, {}, "regression"),
        ("tabular", {"unit": "job"}, {}, "persons as the unit"),
        ("tabular", {}, {"label_fraction": 0.5}, "few labels"),
        ("tabular", {}, {"labels_per_class": 50}, "few labels"),
    ],
)
def test_what_canary_rows_can_not_be_had_with_is_refused(request, trained, data, privacy, settings, word):
    with pytest.raises(CombinationError, match=f"canary_rows can't be had with {word}") as caught:
        trained(request.getfixturevalue(data), privacy=replace(PRIVACY, **privacy), **settings)
    assert caught.value.exit_code == 2


def test_weights_that_have_seen_the_rows_already_are_refused(trained, pretrained, tabular):
    folder, _ = pretrained(tabular, method="masked_features", epochs=1)
    with pytest.raises(CombinationError, match="canary_rows can't be had with pretraining"):
        trained(tabular, pretrained=folder, privacy=PRIVACY)


def test_more_canaries_than_half_of_the_rows_are_refused(trained, tabular):
    with pytest.raises(SpecError, match="canary_rows takes too many"):
        trained(tabular, privacy=replace(PRIVACY, canary_rows=151))


def shown(folder: Path) -> float:
    found = CanaryScores.from_parquet(folder / CANARY_ROWS)
    return measure(found.scores, found.included, delta=found.delta).values["epsilon_lower"]["value"]


def test_missing_noise_is_found_where_the_network_learns_by_heart_and_honest_noise_is_not(
    trained, clear, monkeypatch
):
    asked = replace(PRIVACY, epsilon=1.0, canary_rows=150, max_grad_norm=10.0)
    settings = {"model": WIDE, "privacy": asked, **BY_HEART}
    honest, _ = trained(clear, **settings)
    monkeypatch.setattr(GaussianNoise, "fill", lambda noise, buffer, deviation: buffer.zero_())
    noiseless, details = trained(clear, **settings)
    assert shown(honest) < details["privacy"]["epsilon"] <= 1.0 < shown(noiseless)
