"""The average of weights against torch's, and kept through a kill."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from assay.models.supervised import Classification
from assay.platform.training.averaging import WeightAverage
from assay.platform.training.checkpoints import Checkpoints
from assay.platform.training.fit import Outcome, Plan, fit
from assay.platform.training.progress import Throttled
from assay.platform.training.rows import Rows
from assay.platform.training.samplers import Shuffled
from assay.platform.training.seeding import reproducible
from assay.platform.training.steppers import FullPrecision
from torch import nn
from torch.optim.swa_utils import AveragedModel

DRAW = torch.Generator().manual_seed(0)
TRAIN, VALIDATION = (
    Rows(inputs=(torch.randn(rows, 4, generator=DRAW),), target=torch.randint(3, (rows,), generator=DRAW))
    for rows in (30, 12)
)
PLAN = Plan(stage="train", epochs=4, ema=0.9, checkpoint_seconds=0.0)


class CutShortError(Exception):
    """What a test raises instead of killing a process."""


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))


def run(
    net: nn.Module, plan: Plan = PLAN, *, validation=VALIDATION, folder: Path | None = None, stop_after=None
) -> Outcome:
    def told(progress) -> None:
        if progress.step == stop_after:
            raise CutShortError

    objective = Classification(net)
    with reproducible(1, threads=1):
        return fit(
            objective, TRAIN, validation, plan=plan,
            optimizer=torch.optim.SGD(objective.parameters(), lr=0.3),
            schedule=lambda step: 1.0, sampler=Shuffled(30, 8, 0),
            stepper=FullPrecision(torch.Generator()), progress=Throttled(told, seconds=0),
            checkpoints=Checkpoints(folder, run="test") if folder else None,
        )  # fmt: skip


@pytest.mark.parametrize("decay", [0.5, 0.999])
def test_it_is_torchs_average_with_the_decay_warmed_up(decay):
    net = network()
    ours = WeightAverage(net, decay)
    theirs = AveragedModel(
        net,
        avg_fn=lambda average, weight, n: (
            (d := min(decay, float(n) / (float(n) + 9))) * average + (1 - d) * weight
        ),
    )
    for step in range(40):
        with torch.no_grad():
            for weight in net.parameters():
                weight += torch.randn(weight.shape, generator=DRAW)
        ours.update(net, step)
        theirs.update_parameters(net)
    torch.testing.assert_close(ours.weights, dict(theirs.module.named_parameters()), rtol=1e-5, atol=1e-6)


def test_inside_the_module_is_the_average_and_afterwards_bitwise_itself():
    net = network()
    average = WeightAverage(net, 0.9)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    average.weights = {name: weight + 1 for name, weight in average.weights.items()}
    with average.applied(net):
        assert torch.equal(net[0].weight, before["0.weight"] + 1)
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())


def test_the_steps_are_those_without_an_average_and_what_is_kept_is_the_average():
    plain, averaged = network(), network()
    steps = []
    plain.register_forward_hook(lambda *_: steps.append(plain[0].weight.detach().clone()))
    run(plain, replace(PLAN, ema=None, keep_best=False), validation=None)
    run(averaged, replace(PLAN, keep_best=False), validation=None)
    expected = steps[0]
    for number, weight in enumerate([*steps[1:], plain[0].weight.detach()]):
        decay = min(0.9, number / (number + 9))
        expected = decay * expected + (1 - decay) * weight
    torch.testing.assert_close(averaged[0].weight.detach(), expected)
    assert not torch.equal(averaged[0].weight, plain[0].weight)


def test_what_is_judged_is_what_is_kept():
    net = network()
    outcome = run(net)
    net.eval()
    loss = nn.functional.cross_entropy(net(VALIDATION.inputs[0]), VALIDATION.target).item()
    assert loss == pytest.approx(outcome.history[outcome.best_epoch - 1]["validation_loss"], rel=1e-5)


@pytest.mark.parametrize("keep_best", [True, False])
def test_a_run_cut_short_at_any_step_keeps_bitwise_the_same_average(tmp_path, keep_best):
    whole, plan = network(), replace(PLAN, keep_best=keep_best)
    run(whole, plan)
    for step in (1, 4, 6, 15):
        folder = tmp_path / str(step)
        with pytest.raises(CutShortError):
            run(network(), plan, folder=folder, stop_after=step)
        net = network()
        nn.init.zeros_(net[0].weight)
        run(net, plan, folder=folder)
        assert all(torch.equal(net.state_dict()[name], part) for name, part in whole.state_dict().items())
