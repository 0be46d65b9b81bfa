"""Optimizers by name."""

import inspect

import pytest
import torch
from assay.models.catalog import ARCHITECTURES, build
from assay.models.inputs import ImageInput, TabularInput, TextInput
from assay.models.optimizers import OPTIMIZERS, build_optimizer, decayed_and_spared
from assay.models.unknown import UnknownNameError
from torch import nn

INPUTS = {
    "tabular": TabularInput(numeric=2, cardinalities=(3, 4), bins=((0.0, 1.0), (-1.0, 0.0, 2.0))),
    "image": ImageInput(channels=1, height=8, width=8),
    "text": TextInput(vocabulary=40, length=12),
}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_only_matrices_and_filters_decay(name):
    part = ARCHITECTURES[name]
    shrunk = {"width": 24} if part.options.get("width") == 768 else {}
    network = build(name, INPUTS[part.modality], 2, **shrunk)
    decayed, spared = decayed_and_spared(network)
    names = {id(parameter): key for key, parameter in network.named_parameters()}
    assert {id(p) for p in decayed} | {id(p) for p in spared} == set(names)
    assert len(decayed) + len(spared) == len(names)
    for parameter in decayed:
        assert parameter.ndim >= 2
        assert names[id(parameter)].rpartition(".")[2].startswith("weight")
    assert all("norm" not in names[id(p)] and "categories" not in names[id(p)] for p in decayed)
    kinds = (nn.Linear, nn.Conv2d)
    matrices = [module.weight for module in network.modules() if isinstance(module, kinds)]
    assert {id(weight) for weight in matrices} <= {id(p) for p in decayed}


def test_a_table_that_gives_the_logits_too_is_counted_once_and_spared():
    table, logits = nn.Embedding(5, 3), nn.Linear(3, 5, bias=False)
    logits.weight = table.weight
    for module in (nn.Sequential(table, logits), nn.Sequential(logits, table)):
        decayed, spared = decayed_and_spared(module)
        assert not decayed
        assert [id(parameter) for parameter in spared] == [id(table.weight)]


def test_a_step_with_no_gradient_shrinks_matrices_alone():
    module = nn.Sequential(nn.Linear(3, 3), nn.LayerNorm(3), nn.Embedding(2, 3))
    before = [parameter.detach().clone() for parameter in module.parameters()]
    optimizer = build_optimizer("adamw", module, learning_rate=0.1, weight_decay=0.5)
    for parameter in module.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    matrix, *others = zip(before, module.parameters(), strict=True)
    torch.testing.assert_close(matrix[1].detach(), matrix[0] * (1 - 0.1 * 0.5))
    assert all(torch.equal(old, new) for old, new in others)


def test_frozen_parameters_are_left_out():
    module = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2))
    module[0].requires_grad_(False)
    optimizer = build_optimizer("sgd", module, learning_rate=0.1, weight_decay=0.0)
    kept = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    assert [id(parameter) for parameter in kept] == [id(parameter) for parameter in module[1].parameters()]


@pytest.mark.parametrize("row", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_the_options_in_the_table_are_options_of_torch(row):
    assert set(row.options) <= set(inspect.signature(getattr(torch.optim, row.factory)).parameters)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_are_those_of_torchs_plain_loop(name):
    row = OPTIMIZERS[name]
    torch.manual_seed(0)
    ours, plain = nn.Linear(5, 3), nn.Linear(5, 3)
    plain.load_state_dict(ours.state_dict())
    groups = [{"params": [plain.weight], "weight_decay": 0.1}, {"params": [plain.bias], "weight_decay": 0.0}]
    optimizers = (
        build_optimizer(name, ours, learning_rate=0.01, weight_decay=0.1),
        getattr(torch.optim, row.factory)(groups, lr=0.01, foreach=False, **row.options),
    )
    for _ in range(20):
        inputs = torch.randn(8, 5)
        for module, optimizer in zip((ours, plain), optimizers, strict=True):
            optimizer.zero_grad()
            module(inputs).square().mean().backward()
            optimizer.step()
    torch.testing.assert_close(ours.state_dict(), plain.state_dict(), rtol=1e-5, atol=1e-6)


def test_options_reach_the_optimizer():
    optimizer = build_optimizer(
        "adamw", nn.Linear(2, 2), learning_rate=0.1, weight_decay=0.0, betas=(0.8, 0.9)
    )
    assert optimizer.param_groups[0]["betas"] == (0.8, 0.9)


def test_an_unknown_optimizer_or_option_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"got 'adamww'.*did you mean 'adamw'"):
        build_optimizer("adamww", nn.Linear(2, 2), learning_rate=0.1, weight_decay=0.0)
    with pytest.raises(UnknownNameError, match=r"option of sgd: got 'momentun'.*did you mean 'momentum'"):
        build_optimizer("sgd", nn.Linear(2, 2), learning_rate=0.1, weight_decay=0.0, momentun=0.1)
