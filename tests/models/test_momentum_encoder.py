"""The slow copy against its formula."""

import pytest
import torch
from assay.models.catalog import build
from assay.models.inputs import ImageInput
from assay.models.momentum_encoder import MomentumEncoder
from torch import nn


def parts() -> tuple[nn.Module, nn.Module]:
    """A small network and a projection."""
    network = build("resnet_small", ImageInput(channels=1, height=8, width=8), 2, channels=8)
    return network, nn.Linear(network.width, 4)


@torch.no_grad()
def stir(*modules: nn.Module) -> None:
    """Change every weight, as a step would."""
    for module in modules:
        for weight in module.parameters():
            weight.add_(torch.randn(weight.shape))


@pytest.mark.parametrize("momentum", [0.0, 0.9, 0.99, 1.0])
def test_three_steps_give_the_weighted_mean_that_the_formula_unrolls_to(momentum):
    torch.manual_seed(0)
    network, projection = parts()
    slow = MomentumEncoder(network, projection, momentum)
    seen = []
    for _ in range(3):
        stir(network, projection)
        slow.follow(network, projection)
        seen.append([w.detach().double().clone() for m in (network, projection) for w in m.parameters()])
    torch.manual_seed(0)
    start = [w.detach().double() for m in parts() for w in m.parameters()]
    for position, weight in enumerate(slow.parameters()):
        expected = momentum**3 * start[position]
        for age, weights in enumerate(reversed(seen)):
            expected = expected + (1 - momentum) * momentum**age * weights[position]
        torch.testing.assert_close(weight.double(), expected, rtol=1e-5, atol=1e-6)


def test_it_begins_as_a_copy_that_shares_nothing_and_takes_no_gradient():
    network, projection = parts()
    slow, images = MomentumEncoder(network, projection, 0.9), torch.randn(3, 1, 8, 8)
    torch.testing.assert_close(slow(images), projection(network.encode(images)))
    assert not slow(images).requires_grad
    assert not any(weight.requires_grad for weight in slow.parameters())
    before = slow(images)
    stir(network, projection)
    assert torch.equal(slow(images), before)


@pytest.mark.parametrize("momentum", [-0.1, 1.1])
def test_a_momentum_out_of_range_is_refused(momentum):
    with pytest.raises(ValueError, match="expected a number from 0 to 1"):
        MomentumEncoder(*parts(), momentum)
