"""From a section of the spec to a run of the loop."""

import pytest
import torch
from assay.models.supervised import Classification
from assay.platform.exceptions import CombinationError
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


def assemble(tmp_path, *, engine=None, **settings):
    torch.manual_seed(0)
    objective = Classification(nn.Linear(3, 2))
    outcome, details = fit_as_configured(
        objective,
        ROWS,
        None,
        stage="train",
        model=ModelConfig(),
        config=TrainConfig(**{"epochs": 2, "batch_size": 5} | settings),
        scratch=tmp_path,
        progress=lambda progress: None,
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
