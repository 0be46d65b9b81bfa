"""What a momentum method keeps beside its weights survives a process that dies."""

import pytest
import torch
from assay.models.catalog import build, build_pretraining
from assay.models.inputs import ImageInput
from assay.models.optimizers import build_optimizer
from assay.platform.augmentation.views import light_view
from assay.platform.training.checkpoints import Checkpoints
from assay.platform.training.fit import Plan, fit
from assay.platform.training.progress import Throttled
from assay.platform.training.rows import Rows
from assay.platform.training.samplers import Shuffled
from assay.platform.training.steppers import FullPrecision

ROWS = Rows(inputs=(torch.randn(40, 1, 8, 8, generator=torch.Generator().manual_seed(0)),))


class DiedError(Exception):
    """In the middle of an epoch."""


def run(method, folder, *, dies_after=None, seed=1):
    """Two epochs of five steps each: the whole state of the objective at the end."""
    torch.manual_seed(seed)
    network = build("resnet_small", ImageInput(channels=1, height=8, width=8), 2, channels=8)
    objective = build_pretraining(method, network, augment=light_view)
    sampler, steps = Shuffled(40, 8, 2), iter(range(1, 100))

    def step_done(progress):
        if next(steps) == dies_after:
            raise DiedError

    fit(
        objective,
        ROWS,
        None,
        plan=Plan(stage="pretrain", epochs=2, seed=3, checkpoint_seconds=0.0),
        optimizer=build_optimizer("adamw", objective, learning_rate=1e-2, weight_decay=0.01),
        schedule=lambda step: 1.0,
        sampler=sampler,
        stepper=FullPrecision(torch.Generator()),
        checkpoints=Checkpoints(folder, run="momentum"),
        progress=Throttled(step_done, seconds=0),
    )
    return objective.state_dict()


@pytest.mark.parametrize("method", ["moco", "byol"])
@pytest.mark.parametrize("dies_after", [3, 7])
def test_a_run_that_died_goes_on_with_the_queue_and_the_slow_copy_that_it_had(method, dies_after, tmp_path):
    whole = run(method, tmp_path / "whole")
    with pytest.raises(DiedError):
        run(method, tmp_path / "died", dies_after=dies_after)
    # The state comes from the checkpoint alone: the second process begins with other random weights.
    resumed = run(method, tmp_path / "died", seed=9)
    assert all(torch.equal(resumed[name], part) for name, part in whole.items())
    fresh = run(method, tmp_path / "fresh", seed=9)
    assert not all(torch.equal(fresh[name], part) for name, part in whole.items())
