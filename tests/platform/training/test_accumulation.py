"""A batch in parts against the batch as a whole."""

from contextlib import contextmanager

import pytest
import torch
from assay.models.supervised import Classification
from assay.platform.training.accumulation import Accumulated
from assay.platform.training.fit import Plan, fit
from assay.platform.training.rows import Batch, Rows
from assay.platform.training.samplers import Shuffled
from assay.platform.training.steppers import FullPrecision
from torch import nn

DRAW = torch.Generator().manual_seed(0)
ROWS = Rows(
    inputs=(torch.randn(40, 5, generator=DRAW),),
    target=torch.randint(3, (40,), generator=DRAW),
    weight=torch.rand(40, generator=DRAW),
)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 16), nn.GELU(), nn.Linear(16, 3))


def fitted(parts: int, *, weighted: bool) -> tuple[nn.Module, list]:
    net, plain = network(), FullPrecision(torch.Generator())
    objective = Classification(net)
    rows = ROWS if weighted else Rows(inputs=ROWS.inputs, target=ROWS.target)
    outcome = fit(
        objective, rows, None, plan=Plan(stage="train", epochs=3, clip=0.5),
        optimizer=torch.optim.Adam(objective.parameters(), lr=0.01), schedule=lambda step: 1.0,
        sampler=Shuffled(40, 16, 0), stepper=Accumulated(plain.generator, plain, parts) if parts else plain,
    )  # fmt: skip
    return net, outcome.history


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("parts", [1, 3, 16, 50])
def test_weights_and_losses_are_those_of_the_whole_batch(parts, weighted):
    (ours, history), (whole, expected) = fitted(parts, weighted=weighted), fitted(0, weighted=weighted)
    torch.testing.assert_close(ours.state_dict(), whole.state_dict(), rtol=1e-4, atol=1e-6)
    assert [e["train_loss"] for e in history] == pytest.approx([e["train_loss"] for e in expected], rel=1e-5)


def test_no_more_rows_than_a_part_go_through_at_once():
    net, seen = network(), []
    net.register_forward_hook(lambda _, inputs, __: seen.append(len(inputs[0])))
    stepper = Accumulated(torch.Generator(), FullPrecision(torch.Generator()), 3)
    stepper.backward(Classification(net), ROWS.batch(torch.arange(10)))
    assert seen == [4, 3, 3]


def test_workers_share_their_gradients_once_a_step():
    class Shared(Classification):
        apart = 0

        @contextmanager
        def no_sync(self):
            self.apart += 1
            yield

    objective = Shared(network())
    Accumulated(torch.Generator(), FullPrecision(torch.Generator()), 4).backward(
        objective, ROWS.batch(torch.arange(12))
    )
    assert objective.apart == 3


def test_rows_that_weigh_nothing_give_no_gradient():
    net = network()
    part = ROWS.batch(torch.arange(4))
    stepper = Accumulated(torch.Generator(), FullPrecision(torch.Generator()), 2)
    stepper.backward(
        Classification(net), Batch(inputs=part.inputs, target=part.target, weight=torch.zeros(4))
    )
    assert all(float(weight.grad.abs().max()) == 0 for weight in net.parameters())
