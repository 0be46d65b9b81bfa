"""Adaptation: what is learned with it on another domain, and what is looked at."""

from functools import cache
from pathlib import Path

import pytest
import torch
from assay.models.domains import Coral, DomainAdversary
from assay.models.network import Network
from assay.models.supervised import Classification
from assay.platform.training.adaptation import Adapted
from assay.platform.training.checkpoints import Checkpoints
from assay.platform.training.fit import Plan, fit
from assay.platform.training.progress import Throttled
from assay.platform.training.rows import Rows
from assay.platform.training.samplers import Shuffled
from assay.platform.training.seeding import reproducible
from assay.platform.training.steppers import FullPrecision
from scipy import stats
from torch import nn

EPOCHS, BATCH, ROWS = 40, 64, 300


class Small(Network):
    """Two hidden layers over eight columns."""

    def __init__(self):
        super().__init__()
        self.width = 16
        self.body = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU())
        self.head = nn.Linear(16, 3)

    def encode(self, *inputs):
        return self.body(inputs[0])


class CutShortError(Exception):
    """What a test raises instead of killing a process."""


def domains(seed: int) -> tuple[Rows, Rows]:
    """Three classes, and the same with every row moved by one vector: labelled source, labelled target."""
    draw = torch.Generator().manual_seed(seed)
    centres, shift = 1.5 * torch.randn(3, 8, generator=draw), torch.randn(8, generator=draw)
    labels = torch.randint(3, (700,), generator=draw)
    rows = centres[labels] + torch.randn(700, 8, generator=draw)
    moved = rows[ROWS:] + 5 * shift / shift.norm()
    return Rows(inputs=(rows[:ROWS],), target=labels[:ROWS]), Rows(inputs=(moved,), target=labels[ROWS:])


def objective(net: Network, method: str, target: torch.Tensor, **settings) -> Adapted:
    weight = {"none": 0.0, "coral": 10.0, "dann": 0.3}[method]
    penalty = DomainAdversary(net.width, hidden=32) if method == "dann" else Coral()
    steps = EPOCHS * (ROWS // BATCH + 1)
    return Adapted(net, Classification(net.head), penalty, (target,), weight=weight, steps=steps, **settings)


def learned(seed: int, method: str, *, folder: Path | None = None, stop_after: int | None = None) -> Network:
    """A network after training on the source, beside the target's first 200 rows."""

    def told(progress) -> None:
        if progress.step == stop_after:
            raise CutShortError

    source, target = domains(seed)
    torch.manual_seed(seed)
    net = Small()
    adapted = objective(net, method, target.inputs[0][:200])
    with reproducible(1, threads=1):
        fit(
            adapted, source, None, plan=Plan(stage="train", epochs=EPOCHS, seed=seed, checkpoint_seconds=0.0),
            optimizer=torch.optim.Adam(adapted.parameters(), 3e-3), schedule=lambda step: 1.0,
            sampler=Shuffled(ROWS, BATCH, seed), stepper=FullPrecision(torch.Generator()),
            checkpoints=Checkpoints(folder, run="test") if folder else None,
            progress=Throttled(told, seconds=0.0 if stop_after else 1e9),
        )  # fmt: skip
    return net.eval()


@cache
def accuracy(seed: int, method: str) -> float:
    """On the target's other rows."""
    target = domains(seed)[1]
    found = learned(seed, method)(target.inputs[0][200:]).argmax(dim=1)
    return float((found == target.target[200:]).double().mean())


@pytest.mark.parametrize("method", ["coral", "dann"])
def test_it_helps_on_a_shifted_domain_whose_labels_nobody_saw(method):
    gains = [accuracy(seed, method) - accuracy(seed, "none") for seed in range(12)]
    low, _ = stats.t.interval(0.95, len(gains) - 1, loc=sum(gains) / len(gains), scale=stats.sem(gains))
    assert low > 0


def test_a_run_cut_short_ends_with_bitwise_the_same_weights(tmp_path):
    whole = learned(0, "dann")
    with pytest.raises(CutShortError):
        learned(0, "dann", folder=tmp_path, stop_after=42)
    again = learned(0, "dann", folder=tmp_path)
    assert all(torch.equal(again.state_dict()[name], part) for name, part in whole.state_dict().items())


def test_in_evaluation_the_loss_is_that_of_the_source_alone():
    source, target = domains(0)
    net = Small()
    adapted = objective(net, "coral", target.inputs[0]).eval()
    found = adapted(source.inputs, source.target, None, None)
    torch.testing.assert_close(found, nn.functional.cross_entropy(net(source.inputs[0]), source.target))
    assert int(adapted.step) == 0


def test_in_training_it_is_the_loss_plus_the_weighted_penalty_of_as_many_drawn_rows():
    source, target = domains(0)
    net = Small()
    adapted = objective(net, "coral", target.inputs[0]).train()
    found = adapted(source.inputs, source.target, None, torch.Generator().manual_seed(3))
    drawn = torch.randint(len(target), (ROWS,), generator=torch.Generator().manual_seed(3))
    ours, theirs = net.encode(*source.inputs), net.encode(target.inputs[0][drawn])
    loss = nn.functional.cross_entropy(net.head(ours), source.target)
    torch.testing.assert_close(found, loss + 10.0 * Coral()(ours, theirs, 0.0))
    assert int(adapted.step) == 1


def test_views_are_made_of_both_domains():
    source, target = domains(0)
    seen = []

    def augment(rows, generator):
        seen.append(len(rows))
        return rows

    adapted = objective(Small(), "dann", target.inputs[0], augment=augment)
    adapted.train()(source.inputs, source.target, None, torch.Generator())
    adapted.eval()(source.inputs, source.target, None, torch.Generator())
    assert seen == [2 * ROWS]
