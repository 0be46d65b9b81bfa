"""From a section of the spec to a run of the loop."""

import pytest
import torch
from assay.models.supervised import Classification
from assay.platform.exceptions import CombinationError, SpecError
from assay.platform.training.assembly import fit_as_configured
from assay.platform.training.config import ModelConfig, TrainConfig
from assay.platform.training.engines.in_process import InProcess
from assay.platform.training.rows import Rows
from torch import nn

ROWS = Rows(
    inputs=(torch.randn(20, 3, generator=torch.Generator().manual_seed(0)),), target=torch.arange(20) % 2
)


class Crowd(InProcess):
    """As many workers as a test likes, of which this is the first."""

    name = "crowd"

    def __init__(self, workers: int):
        self.workers = workers


def assemble(tmp_path, *, engine=None, validation=None, told=lambda progress: None, **settings):
    torch.manual_seed(0)
    objective = Classification(nn.Linear(3, 2))
    outcome, details = fit_as_configured(
        objective,
        ROWS,
        validation,
        stage="train",
        model=ModelConfig(),
        config=TrainConfig(**{"epochs": 2, "batch_size": 5} | settings),
        scratch=tmp_path,
        progress=told,
        engine=engine or InProcess(),
    )
    return outcome, details


def test_a_worker_without_a_row_of_its_own_is_refused(tmp_path):
    with pytest.raises(CombinationError, match="too few rows"):
        assemble(tmp_path, engine=Crowd(6))


def test_a_run_is_gone_on_from_when_only_the_time_between_checkpoints_differs(tmp_path):
    assemble(tmp_path, checkpoint_seconds=0.0)
    outcome, _ = assemble(tmp_path, checkpoint_seconds=9.0)
    assert outcome.resumed_from == 2


@pytest.mark.parametrize(
    "changed", [{"seed": 1}, {"weight_decay": 0.3}, {"engine": Crowd(2)}, {"batch_size": 4}]
)
def test_a_run_of_other_settings_begins_anew(tmp_path, changed):
    assemble(tmp_path)
    outcome, _ = assemble(tmp_path, **changed)
    assert outcome.resumed_from is None


def test_bf16_is_said_in_the_details(tmp_path):
    _, details = assemble(tmp_path, precision="bf16")
    assert details["engine"]["precision"] == "bf16"


def test_options_reach_the_optimizer_and_the_schedule(tmp_path):
    plain, _ = assemble(tmp_path / "a", optimizer="sgd", schedule="constant")
    heavy, _ = assemble(
        tmp_path / "b", optimizer="sgd", schedule="constant", optimizer_options={"momentum": 0.5}
    )
    late, _ = assemble(tmp_path / "c", optimizer="sgd", schedule="constant", schedule_options={"warmup": 0.9})
    assert plain.history != heavy.history != late.history != plain.history


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"optimizer_options": {"momentum": 0.9}}, "option of adamw"),
        ({"optimizer": "sgd", "optimizer_options": {"momentum": 0.0}}, "Nesterov"),
        ({"schedule": "cosine", "schedule_options": {"end": -1.0}}, "0 or more"),
        ({"schedule": "plateau", "schedule_options": {"factor": "much"}}, "train can't be used"),
    ],
)
def test_options_that_cannot_be_are_refused_before_the_first_step(tmp_path, settings, match):
    with pytest.raises(SpecError, match=match):
        assemble(tmp_path, **settings)


def test_a_plateau_without_validation_is_refused(tmp_path):
    with pytest.raises(CombinationError, match="follows validation losses"):
        assemble(tmp_path, schedule="plateau")


def flat_after_a_while(tmp_path, *, stop_after=None):
    """A run whose validation loss rises from the start, because its labels are the wrong way round."""

    def told(progress):
        if progress.step == stop_after:
            raise KeyboardInterrupt

    options = {"warmup": 0.0, "patience": 1, "factor": 0.01}
    return assemble(
        tmp_path, validation=Rows(inputs=ROWS.inputs, target=1 - ROWS.target), told=told, epochs=8,
        patience=None, optimizer="sgd", schedule="plateau", schedule_options=options, learning_rate=0.5,
        keep="last", checkpoint_seconds=0.0,
    )[0]  # fmt: skip


def test_a_plateau_slows_down_and_a_killed_run_slows_down_at_the_same_step(tmp_path):
    whole = flat_after_a_while(tmp_path / "whole")
    losses = [entry["validation_loss"] for entry in whole.history]
    assert losses[0] < min(losses[1:])
    early, late = abs(losses[2] - losses[0]), abs(losses[7] - losses[5])
    assert late < early / 50
    for step in (8, 12, 28):
        folder = tmp_path / str(step)
        with pytest.raises(KeyboardInterrupt):
            flat_after_a_while(folder, stop_after=step)
        assert flat_after_a_while(folder).history == whole.history
