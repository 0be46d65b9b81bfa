"""A client's own work, against loops of plain torch."""

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from assay.models.supervised import Classification
from assay.platform.exceptions import SpecError
from assay.platform.federated.local import Learner, Site, judge, learn
from assay.platform.federated.messages import Work, weights_of
from assay.platform.training.config import ModelConfig, TrainConfig
from assay.platform.training.rows import Rows
from torch import Tensor, nn

RATE = 0.3


class Task:
    """What a learner asks of the preprocessor here."""

    def __init__(self, task: str):
        self.schema = dataclasses.make_dataclass("Schema", ["task"])(task)


def world(**settings):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)).double()
    told = {"optimizer": "sgd", "learning_rate": RATE, "weight_decay": 0.0, "clip": None, "batch_size": 64}
    work = Work(
        model=ModelConfig(),
        train=TrainConfig(**told | settings),
        preprocessor=Task("multiclass"),  # type: ignore[arg-type]
        local_epochs=1,
        seed=0,
    )
    learner = Learner(work=work, network=network, objective=Classification(network))  # type: ignore[arg-type]
    rows = Rows(inputs=(torch.randn(40, 4).double(),), target=torch.randint(0, 3, (40,)))
    validation = Rows(inputs=(torch.randn(10, 4).double(),), target=torch.randint(0, 3, (10,)))
    start = {name: part.clone() for name, part in weights_of(network).items()}
    return learner, Site(client=0, rows=rows, validation=validation), start


def gradient(weights: dict[str, Tensor], rows: Rows) -> dict[str, Tensor]:
    """Of the mean cross-entropy, written out: no module of ours."""
    leaves = {name: part.clone().requires_grad_() for name, part in weights.items()}
    hidden = torch.tanh(rows.inputs[0] @ leaves["0.weight"].T + leaves["0.bias"])
    # The loss is taken in 32 bits, as the supervised objective does.
    logits = (hidden @ leaves["2.weight"].T + leaves["2.bias"]).float()
    assert rows.target is not None
    loss = F.nll_loss(torch.log_softmax(logits, dim=1), rows.target)
    return dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True))


def close(got, expected):
    for name in expected:
        torch.testing.assert_close(got[name], expected[name], rtol=1e-6, atol=1e-8)


def test_full_batches_are_plain_gradient_descent():
    learner, site, start = world()
    found = learn(learner, site, start, round_number=1, factor=0.5, epochs=4)
    expected = start
    for _ in range(4):
        slope = gradient(expected, site.rows)
        expected = {name: part - 0.5 * RATE * slope[name] for name, part in expected.items()}
    close(found.weights, expected)


def test_fedprox_descends_the_loss_with_its_term():
    learner, site, start = world()
    found = learn(learner, site, start, round_number=1, factor=1.0, epochs=4, proximal_mu=0.8)
    expected = start
    for _ in range(4):
        slope = gradient(expected, site.rows)
        expected = {
            name: part - RATE * (slope[name] + 0.8 * (part - start[name])) for name, part in expected.items()
        }
    close(found.weights, expected)


def test_scaffold_steps_along_the_corrected_gradient_and_returns_option_two():
    """Algorithm 1, lines 10 and 12."""
    learner, site, start = world()
    correction = {name: 0.01 * torch.randn_like(part) for name, part in start.items()}
    found = learn(learner, site, start, round_number=1, factor=1.0, epochs=5, correction=correction)
    expected = start
    for _ in range(5):
        slope = gradient(expected, site.rows)
        expected = {name: part - RATE * (slope[name] + correction[name]) for name, part in expected.items()}
    close(found.weights, expected)
    option_two = {
        name: (part - found.weights[name]) / (5 * RATE) - correction[name] for name, part in start.items()
    }
    close(found.control, option_two)


def test_what_is_drawn_depends_on_client_and_round_alone():
    learner, site, start = world(batch_size=8)
    first = learn(learner, site, start, round_number=1, factor=1.0)
    other = dataclasses.replace(site, client=1)
    learn(learner, other, start, round_number=3, factor=1.0)
    again = learn(learner, site, start, round_number=1, factor=1.0)
    assert all(torch.equal(first.weights[name], again.weights[name]) for name in start)
    for client, number in ((0, 2), (1, 1)):
        place = dataclasses.replace(site, client=client)
        found = learn(learner, place, start, round_number=number, factor=1.0)
        assert not torch.equal(found.weights["0.weight"], first.weights["0.weight"])


def test_sgd_has_no_momentum_at_a_client():
    learner, site, start = world()
    one = learn(learner, site, start, round_number=1, factor=1.0, epochs=1).weights
    two = learn(learner, site, one, round_number=2, factor=1.0, epochs=1).weights
    at_once = learn(learner, site, start, round_number=1, factor=1.0, epochs=2).weights
    close(two, at_once)


def test_a_loss_that_is_no_number_ends_the_clients_work():
    learner, site, start = world()
    broken = {name: part * float("nan") for name, part in start.items()}
    with pytest.raises(SpecError, match="no longer a number"):
        learn(learner, site, broken, round_number=1, factor=1.0)


def test_judging_is_the_mean_over_validation_rows_and_changes_nothing():
    learner, site, start = world(batch_size=3)
    judged = judge(learner, site, start)
    learner.load(start)
    with torch.no_grad():
        logits = learner.network(*site.validation.inputs)
    target = site.validation.target
    assert target is not None
    assert judged.loss == pytest.approx(float(F.cross_entropy(logits.float(), target)), rel=1e-6)
    assert judged.correct == int((logits.argmax(dim=1) == target).sum())
    assert (judged.rows, judged.examples) == (10, 10.0)
    assert all(torch.equal(part, start[name]) for name, part in weights_of(learner.network).items())


def test_a_client_without_validation_rows_judges_nothing():
    learner, site, start = world()
    empty = Rows(inputs=(torch.zeros(0, 4).double(),), target=torch.zeros(0, dtype=torch.long))
    judged = judge(learner, dataclasses.replace(site, validation=empty), start)
    assert (judged.rows, judged.examples, judged.loss) == (0, 0.0, 0.0)
