"""Prototypical networks against the paper's equations, written as loops."""

import pytest
import torch
from assay.models.conv4 import Conv4
from assay.models.episodes import Episode, accuracies, draw_episode
from assay.models.inputs import ImageInput
from assay.models.prototypical import Prototypical, prototypes, squared_distances
from torch import nn

DRAW = torch.Generator().manual_seed(0)
EPISODE = Episode(
    support=torch.randn(6, 5, generator=DRAW), support_target=torch.tensor([0, 1, 2, 0, 0, 1]),
    query=torch.randn(4, 5, generator=DRAW), query_target=torch.tensor([2, 0, 1, 1]),
)  # fmt: skip


def test_a_prototype_is_the_mean_of_its_class():
    found = prototypes(EPISODE.support, EPISODE.support_target, 3)
    rows = [EPISODE.support[EPISODE.support_target == code].mean(dim=0) for code in range(3)]
    torch.testing.assert_close(found, torch.stack(rows))


def test_the_loss_and_its_gradient_are_equation_2():
    encoder = nn.Linear(5, 3)
    found = Prototypical(encoder)(EPISODE)
    (slope,) = torch.autograd.grad(found, encoder.weight)
    total = torch.zeros(())
    for row, label in zip(EPISODE.query, EPISODE.query_target, strict=True):
        near = []
        for code in range(3):
            members = [
                encoder(one)
                for one, c in zip(EPISODE.support, EPISODE.support_target, strict=True)
                if c == code
            ]
            near.append(torch.exp(-((encoder(row) - sum(members) / len(members)) ** 2).sum()))
        total = total - torch.log(near[int(label)] / sum(near))
    torch.testing.assert_close(found, total / 4)
    torch.testing.assert_close(slope, torch.autograd.grad(total / 4, encoder.weight)[0])


def test_distances_are_those_of_torch():
    first, second = torch.randn(4, 7), torch.randn(3, 7)
    torch.testing.assert_close(squared_distances(first, second), torch.cdist(first, second).square())


def test_it_is_a_linear_classifier_of_what_the_encoder_makes():
    """Section 2.5: w = 2 c and b = -|c|², up to what all classes share."""
    encoder = nn.Linear(5, 3)
    logits = Prototypical(encoder).logits(EPISODE)
    means = prototypes(encoder(EPISODE.support), EPISODE.support_target, 3)
    linear = encoder(EPISODE.query) @ (2 * means).T - means.square().sum(dim=1)
    torch.testing.assert_close(logits.softmax(dim=1), linear.softmax(dim=1))


def test_conv4_is_the_published_network():
    net = Conv4(ImageInput(channels=1, height=28, width=28), 5)
    assert net.encode(torch.zeros(2, 1, 28, 28)).shape == (2, 64)
    # 3·3·c·64 + 64 a convolution, 2·64 a norm: the 111,936 of the paper's program; the head is beside it.
    assert (
        sum(p.numel() for p in net.parameters()) - (64 * 5 + 5)
        == (9 * 64 + 64 + 128) + 3 * (9 * 64 * 64 + 64 + 128)
        == 111_936
    )


@pytest.mark.parametrize(
    ("side", "maps", "width"),
    [(84, 10, 64 * 25), (32, 4, 64 * 4), (28, 7, 64), (12, 6, 64), (8, 4, 64 * 4), (4, 4, 64 * 4)],
)
def test_conv4_takes_images_of_other_sizes_and_has_maps_to_draw(side, maps, width):
    net = Conv4(ImageInput(channels=3, height=side, width=side), 5).eval()
    images = torch.randn(2, 3, side, side)
    assert net.feature_maps(images).shape == (2, 64, maps, maps)
    assert net.encode(images).shape == (2, net.width) == (2, width)
    assert net(images).shape == (2, 5)
    plain = images
    for layer in [*net.features, *net.rest]:  # four blocks in the paper's order, none left out
        plain = layer(plain)
    torch.testing.assert_close(net.encode(images), plain)
    assert sum(isinstance(layer, nn.Conv2d) for layer in [*net.features, *net.rest]) == 4


@pytest.mark.parametrize("side", [4, 5, 8, 11, 12, 28])
def test_with_group_norm_representations_of_small_images_still_differ(side):
    torch.manual_seed(0)
    net = Conv4(ImageInput(channels=1, height=side, width=side), 5, width=8, norm="group")
    assert net.encode(torch.randn(20, 1, side, side)).std(dim=0).mean() > 0.05


def test_a_network_is_asked_for_its_representation_and_not_for_its_head():
    net = Conv4(ImageInput(channels=1, height=8, width=8), 3, width=4).eval()
    rows = torch.randn(5, 1, 8, 8)
    torch.testing.assert_close(Prototypical(net).encode(rows), net.encode(rows))


def test_it_learns_new_classes_from_one_row():
    """Rows whose class is told by 2 of 10 components, the others louder noise."""
    draw = torch.Generator().manual_seed(0)

    def classes(count):
        spread = torch.tensor([0.1] * 2 + [3.0] * 8)
        return [
            torch.cat([4 * torch.randn(2, generator=draw), torch.zeros(8)])
            + spread * torch.randn(12, 10, generator=draw)
            for _ in range(count)
        ]

    torch.manual_seed(0)
    learner = Prototypical(nn.Linear(10, 4))
    known, new = classes(30), classes(20)
    drawn = [draw_episode(new, ways=5, shots=1, queries=5, generator=draw) for _ in range(40)]
    before = float(accuracies(learner, drawn).mean())
    optimizer = torch.optim.Adam(learner.parameters(), 0.02)
    for _ in range(150):
        optimizer.zero_grad()
        learner(draw_episode(known, ways=10, shots=1, queries=3, generator=draw)).backward()
        optimizer.step()
    after = float(accuracies(learner, drawn).mean())
    assert before < 0.5 < 0.85 < after
