"""Clients that are trained at once end with the weights that each ends with alone."""

import dataclasses

import pytest
import torch
from assay.models.inputs import ImageInput, TabularInput
from assay.models.lenet import LeNet
from assay.models.mlp import MLP
from assay.models.optimizers import OPTIMIZERS
from assay.models.perceptron import Perceptron
from assay.models.resnet_small import ResNetSmall
from assay.models.resnet_tabular import ResNetTabular
from assay.models.supervised import Classification, Regression
from assay.platform.exceptions import SpecError
from assay.platform.federated import stacked
from assay.platform.federated.crowd import Crowd
from assay.platform.federated.local import Learner, Site, judge, learn
from assay.platform.federated.messages import Work, weights_of
from assay.platform.federated.stacked import clip_each, judge_together, learn_together
from assay.platform.training.config import ModelConfig, TrainConfig
from assay.platform.training.rows import Rows
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

TABLE = TabularInput(numeric=3, cardinalities=(4, 2), bins=((-1.0, 0.0, 1.0), (-1.0, 1.0), (0.0, 1.0)))
SMALL = {"width": 8, "token_width": 4}
USUAL = {"optimizer": "sgd", "learning_rate": 0.1, "weight_decay": 0.0, "clip": None, "batch_size": 4}


class Task:
    """What a learner asks of the preprocessor here."""

    def __init__(self, task: str):
        self.schema = dataclasses.make_dataclass("Schema", ["task"])(task)


def learner_of(network=None, *, epochs: int = 1, task: str = "multiclass", **told) -> Learner:
    torch.manual_seed(0)
    if network is None:
        network = MLP(TABLE, 3 if task == "multiclass" else 1, depth=1, dropout=0.0, **SMALL)
    work = Work(
        model=ModelConfig(),
        train=TrainConfig(**USUAL | told),
        preprocessor=Task(task),  # type: ignore[arg-type]
        local_epochs=epochs,
        seed=5,
    )
    smoothing = work.train.label_smoothing
    kind = Classification(network, label_smoothing=smoothing) if task == "multiclass" else Regression(network)
    return Learner(work=work, network=network, objective=kind.double())


def table(count: int, *, weighted: bool = False, task: str = "multiclass") -> Rows:
    numeric = torch.randn(count, 3).double()
    numeric[::5, 1] = torch.nan  # missing
    codes = torch.stack([torch.randint(0, 4, (count,)), torch.randint(0, 2, (count,))], dim=1)
    target = torch.randint(0, 3, (count,)) if task == "multiclass" else torch.randn(count)
    return Rows(inputs=(numeric, codes), target=target, weight=torch.rand(count) + 0.1 if weighted else None)


def sites(sizes, **told) -> list[Site]:
    torch.manual_seed(1)
    return [
        Site(client=client, rows=table(size, **told), validation=table(size // 2, **told))
        for client, size in enumerate(sizes)
    ]


def start_of(learner: Learner):
    return {name: part.clone() for name, part in weights_of(learner.learned).items()}


def check(learner: Learner, clients: list[Site], *, asked=None, corrections=None, **told) -> None:
    """What many do at once against what each does alone, by the one training loop."""
    start, told = start_of(learner), {"round_number": 3, "factor": 0.7} | told
    asked = list(range(len(clients))) if asked is None else asked
    crowd = Crowd.of([site.rows for site in clients])
    found = learn_together(learner, crowd, asked, start, corrections=corrections, **told)
    assert sorted(found) == sorted(asked)
    for place, client in enumerate(asked):
        correction = None if corrections is None else corrections[place]
        alone = learn(learner, clients[client], start, correction=correction, **told)
        together = found[client]
        assert together.loss == pytest.approx(alone.loss, rel=1e-6)  # losses are taken in 32 bits
        for mine, others in ((together.weights, alone.weights), (together.control, alone.control)):
            assert list(mine) == list(others)
            for name, part in others.items():
                torch.testing.assert_close(mine[name], part, rtol=1e-9, atol=1e-9, msg=name)
        moved = max(float((alone.weights[name] - start[name]).abs().max()) for name in start)
        assert moved > 1e-4


@given(
    sizes=st.lists(st.integers(1, 14), min_size=2, max_size=6),
    batch_size=st.integers(1, 6),
    epochs=st.integers(1, 2),
    weighted=st.booleans(),
)
@settings(max_examples=15, deadline=None)
def test_clients_of_any_sizes_learn_what_they_learn_alone(sizes, batch_size, epochs, weighted):
    learner = learner_of(batch_size=batch_size, epochs=epochs, optimizer_options={"momentum": 0.9})
    check(learner, sites(sizes, weighted=weighted))


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
def test_every_optimizer_is_each_clients_own(optimizer):
    learner = learner_of(optimizer=optimizer, weight_decay=0.1, learning_rate=0.01, clip=0.3, epochs=2)
    check(learner, sites([9, 2, 5]))


def test_smoothed_labels_and_numbers_are_learned_alike():
    check(learner_of(label_smoothing=0.2), sites([7, 4]))
    check(learner_of(task="regression", label_smoothing=0.0), sites([7, 4], task="regression"))


def test_each_client_is_held_near_the_round_s_weights():
    check(learner_of(epochs=2, clip=0.5), sites([9, 3, 6]), proximal_mu=2.0)


def test_each_client_s_gradients_are_corrected_and_summed_up():
    learner, clients = learner_of(epochs=2), sites([9, 3, 6])
    torch.manual_seed(7)
    corrections = [
        {name: 0.1 * torch.randn_like(part) for name, part in start_of(learner).items()} for _ in range(2)
    ]
    check(learner, clients, asked=[2, 0], corrections=corrections)


def test_more_clients_than_are_stacked_at_once(monkeypatch):
    learner = learner_of()
    count = sum(part.numel() for part in learner.learned.parameters())
    monkeypatch.setattr(stacked, "_WEIGHTS_AT_ONCE", 2 * count)
    check(learner, sites([9, 3, 6, 1, 8]), asked=[4, 1, 3, 0, 2])


def check_images(network: nn.Module, images: ImageInput, sizes=(7, 4)) -> None:
    torch.manual_seed(1)
    clients = [
        Site(client=client, rows=rows, validation=rows)
        for client, size in enumerate(sizes)
        for rows in [
            Rows(
                inputs=(torch.randn(size, images.channels, images.height, images.width).double(),),
                target=torch.randint(0, 3, (size,)),
            )
        ]
    ]
    check(learner_of(network), clients)


def test_every_network_that_is_stacked_computes_the_same():
    images = ImageInput(channels=1, height=8, width=8)
    check_images(LeNet(images, 3), images)
    check_images(ResNetSmall(images, 3, channels=8), images)
    rows = sites([7, 4])
    check(learner_of(Perceptron(TABLE, 3)), rows)
    check(learner_of(ResNetTabular(TABLE, 3, hidden_dropout=0.0, norm="layer", **SMALL)), rows)
    for encoding in ("linear", "periodic"):
        check(learner_of(MLP(TABLE, 3, dropout=0.0, encoding=encoding, **SMALL)), rows)


def test_a_client_whose_loss_is_no_number_is_left_out():
    learner, clients = learner_of(), sites([6, 6, 6], weighted=True)
    weight = clients[1].rows.weight
    assert weight is not None
    weight[2] = torch.nan
    start, crowd = start_of(learner), Crowd.of([site.rows for site in clients])
    found = learn_together(learner, crowd, [0, 1, 2], start, round_number=1, factor=1.0)
    assert sorted(found) == [0, 2]
    assert all(part.isfinite().all() for own in found.values() for part in own.weights.values())
    with pytest.raises(SpecError, match="no longer a number"):
        learn(learner, clients[1], start, round_number=1, factor=1.0)


def test_each_gradient_is_clipped_as_torch_clips_one():
    torch.manual_seed(0)
    shapes = [(3, 4), (5,), ()]
    stacked_ones = [torch.randn(6, *shape).double() for shape in shapes]
    for scale in (0.01, 1.0):
        parts = [scale * part for part in stacked_ones]
        expected = []
        for client in range(6):
            weights = [nn.Parameter(torch.zeros(shape).double()) for shape in shapes]
            for weight, part in zip(weights, parts, strict=True):
                weight.grad = part[client].clone()
            nn.utils.clip_grad_norm_(weights, 0.5)
            expected.append([weight.grad for weight in weights])
        clip_each(parts, 0.5)
        for client in range(6):
            for part, own in zip(parts, expected[client], strict=True):
                torch.testing.assert_close(part[client], own, rtol=1e-12, atol=0)


@given(
    sizes=st.lists(st.integers(0, 11), min_size=2, max_size=5).filter(any),
    weighted=st.booleans(),
    at_once=st.sampled_from([4, 4096]),
)
@settings(max_examples=15, deadline=None)
def test_clients_of_any_sizes_judge_what_they_judge_alone(sizes, weighted, at_once):
    learner = learner_of()
    torch.manual_seed(1)
    clients = [
        Site(client=client, rows=table(1), validation=table(size, weighted=weighted))
        for client, size in enumerate(sizes)
    ]
    start, crowd = start_of(learner), Crowd.of([site.validation for site in clients])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stacked, "_ROWS_AT_ONCE", at_once)
        found = judge_together(learner, crowd, list(range(len(clients))), start)
    for client, site in enumerate(clients):
        alone = judge(learner, site, start)
        assert (found[client].correct, found[client].rows) == (alone.correct, alone.rows)
        assert found[client].loss == pytest.approx(alone.loss, rel=1e-6)
        assert found[client].examples == pytest.approx(alone.examples, rel=1e-6)


def test_numbers_are_judged_without_hits():
    learner, clients = learner_of(task="regression"), sites([8, 5], task="regression")
    crowd, start = Crowd.of([site.validation for site in clients]), start_of(learner)
    found = judge_together(learner, crowd, [1], start)
    alone = judge(learner, clients[1], start)
    assert list(found) == [1]
    assert found[1].correct is None
    assert found[1].loss == pytest.approx(alone.loss, rel=1e-6)
