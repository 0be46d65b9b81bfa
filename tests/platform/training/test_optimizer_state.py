"""Optimizers without pickle."""

import json

import pytest
import torch
from assay.models.optimizers import build_optimizer
from assay.platform.training.optimizer_state import pack_optimizer, unpack_optimizer
from torch import nn


def step(module: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    module(torch.ones(4, 3)).square().sum().backward()
    optimizer.step()


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_a_restored_optimizer_takes_bitwise_the_same_steps(name):
    torch.manual_seed(0)
    one = nn.Linear(3, 2)
    first = build_optimizer(name, one, learning_rate=0.1, weight_decay=0.01)
    step(one, first)
    tensors, settings = pack_optimizer(first)
    tensors = {key: tensor.clone() for key, tensor in tensors.items()}
    settings = json.loads(json.dumps(settings))
    other = nn.Linear(3, 2)
    other.load_state_dict(one.state_dict())
    second = build_optimizer(name, other, learning_rate=0.5, weight_decay=0.9)
    unpack_optimizer(second, tensors, settings)
    for _ in range(3):
        step(one, first)
        step(other, second)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_states_come_back_in_the_order_in_memory_of_their_weights():
    """Stored tensors are contiguous; the step of another order rounds otherwise."""
    one = nn.Conv2d(3, 2, 3).to(memory_format=torch.channels_last)
    optimizer = build_optimizer("adamw", one, learning_rate=0.1, weight_decay=0.0)
    one(torch.ones(1, 3, 4, 4)).sum().backward()
    optimizer.step()
    tensors, settings = pack_optimizer(optimizer)
    before = optimizer.state[one.weight]["exp_avg"].clone()
    unpack_optimizer(optimizer, {key: part.clone().contiguous() for key, part in tensors.items()}, settings)
    after = optimizer.state[one.weight]["exp_avg"]
    assert torch.equal(after, before)
    assert after.stride() == one.weight.stride() == before.stride()


def test_a_state_that_is_no_tensor_survives():
    module = nn.Linear(3, 2)
    optimizer = build_optimizer("sgd", module, learning_rate=0.1, weight_decay=0.0)
    optimizer.state[module.weight] = {"momentum_buffer": None, "count": 3}
    tensors, settings = pack_optimizer(optimizer)
    fresh = build_optimizer("sgd", module, learning_rate=0.1, weight_decay=0.0)
    unpack_optimizer(fresh, tensors, json.loads(json.dumps(settings)))
    assert fresh.state[module.weight] == {"momentum_buffer": None, "count": 3}
