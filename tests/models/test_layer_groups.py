"""Layer groups against the order in which a network really uses its parameters."""

import pytest
import torch
from assay.models.catalog import ARCHITECTURES, build
from assay.models.inputs import ImageInput, TabularInput, TextInput
from assay.models.layer_groups import layer_groups, layer_rates, train_last
from assay.models.optimizers import build_optimizer
from torch import nn

INPUTS = {
    "tabular": TabularInput(numeric=2, cardinalities=(3, 4), bins=((0.0, 1.0), (-1.0, 0.0, 2.0))),
    "image": ImageInput(channels=1, height=32, width=32),
    "text": TextInput(vocabulary=40, length=12),
}
ROWS = {
    "tabular": (torch.zeros(2, 2), torch.ones(2, 2, dtype=torch.int64)),
    "image": (torch.zeros(2, 1, 32, 32),),
    "text": (torch.ones(2, 12, dtype=torch.int64),),
}
#: One of each family: the deep forms of VGG and ResNet are built by the same lines.
DEEP = {f"vgg{depth}" for depth in (13, 16, 19)} | {f"resnet{depth}" for depth in (34, 50, 101, 152)}
EVERY = [name for name in ARCHITECTURES if name not in DEEP]


def small(name: str) -> nn.Module:
    width = {768: 24, 1.0: 0.25}.get(ARCHITECTURES[name].options.get("width"))
    return build(name, INPUTS[ARCHITECTURES[name].modality], 3, **({"width": width} if width else {}))


@pytest.mark.parametrize("name", EVERY)
def test_groups_are_met_in_their_order_and_hold_every_parameter_once(name):
    network = small(name)
    groups = layer_groups(network)
    place = {parameter: number for number, group in enumerate(groups) for parameter in group}
    assert len(place) == sum(map(len, groups)) == sum(1 for _ in network.parameters())
    met = []
    for module in network.modules():
        own = [place[parameter] for parameter in module.parameters(recurse=False)]
        module.register_forward_pre_hook(lambda *_, own=own: met.extend(own))
    network.train()
    network.forward_with_auxiliary(*ROWS[ARCHITECTURES[name].modality])
    before_the_head = [number for number in met if number < len(groups) - 1]
    assert before_the_head == sorted(before_the_head)
    assert set(network.head.parameters()) <= set(groups[-1])
    if name not in ("googlenet", "perceptron"):  # auxiliary heads; a head that is told more than its own bias
        assert set(network.head.parameters()) == set(groups[-1])


@pytest.mark.parametrize(
    ("name", "count"),
    [("mlp", 4), ("vgg11", 11), ("resnet18", 10), ("vit_b16", 14), ("bert", 15), ("googlenet", 11)],
)
def test_there_is_a_group_for_each_layer_that_the_paper_counts(name, count):
    assert len(layer_groups(small(name))) == count


def test_rates_fall_by_the_same_factor_a_layer():
    network = small("mlp")
    optimizer = build_optimizer(
        "adamw", network, learning_rate=0.1, weight_decay=0.1, rates=layer_rates(network, 0.5)
    )
    rate = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    assert rate[id(network.head.weight)] == pytest.approx(0.1)
    assert rate[id(network.layers[3].bias)] == pytest.approx(0.05)
    assert rate[id(network.layers[0].weight)] == pytest.approx(0.025)
    assert rate[id(network.embedding.categories.weight)] == pytest.approx(0.0125)
    assert len(rate) == sum(1 for _ in network.parameters())


@pytest.mark.parametrize("count", [1, 2, 4, 9])
def test_only_the_last_groups_learn(count):
    network = small("mlp")
    train_last(network, count)
    learning = [all(p.requires_grad for p in group) for group in layer_groups(network)]
    assert learning == [place >= 4 - count for place in range(4)]


def test_frozen_batch_normalization_does_not_follow_its_batches():
    network = small("resnet18").train()
    train_last(network, 2)
    before = {name: buffer.clone() for name, buffer in network.named_buffers()}
    network(torch.randn(4, 1, 32, 32))
    moved = {
        name for name, buffer in network.named_buffers()
        if "running" in name and not torch.equal(buffer, before[name])
    }  # fmt: skip
    assert moved
    assert all(name.startswith("stages.10.") for name in moved)
