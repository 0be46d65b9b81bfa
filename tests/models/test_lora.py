"""Low-rank changes against the matrices that they stand for."""

import pytest
import torch
from assay.models.catalog import build
from assay.models.inputs import ImageInput, TextInput
from assay.models.lora import LowRank, add_low_rank, merge_low_rank
from torch import nn

TOKENS = torch.randint(1, 30, (5, 8), generator=torch.Generator().manual_seed(0))


def network() -> nn.Module:
    torch.manual_seed(0)
    return build("text_transformer", TextInput(vocabulary=30, length=8), 2, width=16, heads=2).eval()


def learn(net: nn.Module, steps: int = 5) -> None:
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=0.05)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(TOKENS), TOKENS[:, 0] % 2).backward()
        optimizer.step()


def test_nothing_changes_at_the_start():
    net = network()
    before = net(TOKENS)
    assert add_low_rank(net, rank=3, alpha=6.0) == 12
    assert torch.equal(net(TOKENS), before)


def test_merged_the_outputs_are_the_same_and_the_network_is_as_it_was_built():
    net = network()
    names = [name for name, _ in net.named_parameters()]
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    add_low_rank(net, rank=3, alpha=6.0)
    learn(net)
    learned = net(TOKENS)
    merge_low_rank(net)
    torch.testing.assert_close(net(TOKENS), learned)
    assert [name for name, _ in net.named_parameters()] == names
    assert not any(isinstance(module, LowRank) for module in net.modules())
    assert all(parameter.requires_grad for parameter in net.parameters())
    changes = {name: net.state_dict()[name] - tensor for name, tensor in before.items()}
    ranks = {
        name: int(torch.linalg.matrix_rank(change, tol=1e-5))
        for name, change in changes.items() if change.abs().max() > 0 and "head" not in name
    }  # fmt: skip
    assert len(ranks) == 12
    assert set(ranks.values()) == {3}


def test_a_change_is_the_product_of_its_matrices_times_alpha_over_rank():
    layer = LowRank(nn.Linear(5, 4), rank=2, alpha=6.0)
    nn.init.normal_(layer.up.weight)
    inputs = torch.randn(3, 5)
    weight = layer.base.weight + 6.0 / 2 * layer.up.weight @ layer.down.weight
    torch.testing.assert_close(layer(inputs), nn.functional.linear(inputs, weight, layer.base.bias))


def test_head_and_changes_learn_and_nothing_else():
    net = network()
    add_low_rank(net, rank=3, alpha=6.0)
    learning = {name for name, parameter in net.named_parameters() if parameter.requires_grad}
    assert {name for name in learning if name.split(".")[-2] not in ("up", "down")} == {
        "head.weight", "head.bias",
    }  # fmt: skip
    assert len(learning) == 2 + 2 * 12


def test_a_layer_smaller_than_the_rank_keeps_the_scale():
    net = network()
    add_low_rank(net, rank=32, alpha=64.0)
    changes = [module for module in net.modules() if isinstance(module, LowRank)]
    assert {len(change.down.weight) for change in changes} == {16}
    assert {change.scale for change in changes} == {2.0}


def test_convolutions_are_left_alone():
    assert (
        add_low_rank(build("resnet_small", ImageInput(channels=1, height=8, width=8), 2), rank=2, alpha=1.0)
        == 0
    )


@pytest.mark.parametrize(("rank", "alpha"), [(0, 1.0), (2, 0.0), (2, float("inf"))])
def test_a_size_that_makes_no_change_is_refused(rank, alpha):
    with pytest.raises(ValueError, match="low-rank adaptation: got"):
        add_low_rank(network(), rank=rank, alpha=alpha)
