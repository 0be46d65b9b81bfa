"""Private training through the one loop: the budget, the account, and a death in between."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from assay.models.supervised import Classification
from assay.platform.data.dataset import Dataset
from assay.platform.data.declared import declared_preprocessor
from assay.platform.data.preprocess import Preprocessor
from assay.platform.exceptions import CombinationError, SpecError
from assay.platform.privacy.accountant import SubsampledGaussian, epsilon_of
from assay.platform.privacy.canaries.scores import CANARIES, CanaryScores
from assay.platform.privacy.config import PrivacyConfig
from assay.platform.privacy.private_run import private_run
from assay.platform.training.rows import Rows
from assay.platform.training.steppers import FullPrecision
from torch import nn

BUDGET = PrivacyConfig(epsilon=2.0, delta=1e-4, accountant="rdp", noise_seed=5)
PROGRAM = Path(__file__).with_name("killed_private_run.py")


def test_the_account_of_a_run_is_that_of_the_steps_it_took_and_within_the_budget(trained, tabular):
    told = []
    folder, details = trained(tabular, privacy=BUDGET, patience=None, progress=told.append)
    found = details["privacy"]
    ran = SubsampledGaussian(
        noise_multiplier=found["noise_multiplier"], sample_rate=found["sample_rate"], steps=found["steps"]
    )
    assert found["epsilon"] == epsilon_of([ran], delta=1e-4, accountant="rdp")
    assert 1.9 < found["epsilon"] <= 2.0
    history = json.loads((folder / "history.json").read_bytes())
    spent = [entry["epsilon"] for entry in history]
    assert spent == sorted(spent)
    assert spent[-1] == found["epsilon"]
    assert not any("train_loss" in entry for entry in history)  # a mean over private rows, without noise
    assert told[-1].metrics["epsilon"] == pytest.approx(found["epsilon"])


def test_a_run_that_stops_early_has_spent_less(trained, tabular):
    _, details = trained(tabular, privacy=BUDGET, patience=1, epochs=8, learning_rate=0.5)
    assert details["epochs"] < 8
    assert details["privacy"]["epsilon"] < 1.9


def test_with_a_noise_seed_a_run_can_be_had_again_and_says_that_its_noise_is_known(trained, tabular):
    (first, details), (second, _) = (trained(tabular, privacy=BUDGET) for _ in range(2))
    weights = [(folder / "weights" / "model.safetensors").read_bytes() for folder in (first, second)]
    assert weights[0] == weights[1]
    assert not details["privacy"]["secret_noise"]


def test_without_a_seed_no_two_runs_are_the_same(trained, tabular):
    secret = PrivacyConfig(**asdict(BUDGET) | {"noise_seed": None})
    (first, details), (second, _) = (trained(tabular, privacy=secret) for _ in range(2))
    weights = [(folder / "weights" / "model.safetensors").read_bytes() for folder in (first, second)]
    assert weights[0] != weights[1]
    assert details["privacy"]["secret_noise"]


def test_checkpoints_with_the_key_of_the_noise_are_readable_by_their_owner_alone(trained, tabular, tmp_path):
    trained(tabular, privacy=BUDGET, scratch=tmp_path / "kept")
    assert (tmp_path / "kept" / "train").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("settings", "error", "word"),
    [
        ({"privacy": PrivacyConfig(delta=0.5)}, SpecError, "delta"),
        ({"privacy": BUDGET, "batch_size": 10_000}, SpecError, "batch_size"),
    ],
)
def test_what_can_not_be_promised_is_refused(trained, tabular, settings, error, word):
    with pytest.raises(error, match=word):
        trained(tabular, **settings)


def test_a_given_preprocessor_is_kept_and_said(trained, tabular):
    schema = Dataset.open(tabular).schema
    declared = declared_preprocessor(
        schema, numbers={"age": (18, 80)}, categories={"job": ("clerk", "smith", "nurse")}, missing=("age",)
    )
    folder, details = trained(tabular, privacy=BUDGET, preprocessor=declared)
    assert json.loads((folder / "preprocess.json").read_bytes()) == declared.to_json()
    assert details["preprocessing"] == "given"
    fitted, details = trained(tabular, privacy=BUDGET)
    assert json.loads((fitted / "preprocess.json").read_bytes()) != declared.to_json()
    assert details["preprocessing"] == "train rows"


def test_a_checkpoint_of_another_preprocessor_is_not_gone_on_from(trained, tabular, tmp_path):
    schema = Dataset.open(tabular).schema
    said = {"categories": {"job": ("clerk", "smith", "nurse")}, "missing": ("age",)}
    narrow, wide = (declared_preprocessor(schema, numbers={"age": (18, top)}, **said) for top in (80, 160))
    scratch = tmp_path / "scratch"
    _, details = trained(tabular, preprocessor=narrow, scratch=scratch)
    _, again = trained(tabular, preprocessor=narrow, scratch=scratch)
    _, other = trained(tabular, preprocessor=wide, scratch=scratch)
    assert (details["resumed_from"], again["resumed_from"], other["resumed_from"]) == (None, 3, None)


def test_a_preprocessor_of_another_schema_is_refused(trained, tabular, prices):
    other = Dataset.open(prices)
    with pytest.raises(CombinationError, match="another schema"):
        trained(tabular, preprocessor=Preprocessor.fit(other.table("train"), other.schema))


@pytest.mark.parametrize("canaries", [0, 10])
def test_dropout_follows_from_a_key_that_nobody_knows_with_canaries_and_without(canaries):
    rows = Rows(inputs=(torch.randn(60, 5),), target=torch.randint(2, (60,)))
    budget = PrivacyConfig(epsilon=1.0, delta=1e-3, accountant="rdp", canaries=canaries)
    first, second = (
        private_run(
            Classification(nn.Linear(5, 2)), FullPrecision(torch.Generator()), rows, budget,
            batch_size=20, epochs=1,
        ).stepper.chance(3)
        for _ in range(2)
    )  # fmt: skip
    assert len({first, second, 3}) == 3


def test_a_killed_run_goes_on_with_the_noise_it_had_begun_with(tmp_path):
    command = [sys.executable, str(PROGRAM), str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert found.returncode == 0, found.stderr
    again, other, canaries_again, canaries_other = map(float, found.stdout.split())
    # Ways of computing are chosen by the clock where noise is secret, so sums differ in their last bits.
    assert again < 1e-4
    assert other > 1e-2
    assert (canaries_again, canaries_other) == (1.0, 0.0)


def test_what_canaries_show_is_written_beside_the_weights_and_comes_again_with_the_seed(trained, tabular):
    (first, details), (second, _) = (trained(tabular, privacy=BUDGET) for _ in range(2))
    files = [(folder / CANARIES).read_bytes() for folder in (first, second)]
    assert files[0] == files[1]
    found = CanaryScores.from_parquet(first / CANARIES)
    assert len(found.scores) == details["privacy"]["canaries"] > 2
    assert found.delta == BUDGET.delta
    assert np.all(found.scores != 0)


@pytest.mark.parametrize("privacy", [None, PrivacyConfig(**asdict(BUDGET) | {"canaries": 0})])
def test_without_canaries_there_is_no_file_of_them(trained, tabular, privacy):
    folder, _ = trained(tabular, privacy=privacy)
    assert not (folder / CANARIES).exists()
