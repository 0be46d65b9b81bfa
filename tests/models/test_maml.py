"""MAML against closed forms, finite differences and its own definition written out."""

import pytest
import torch
import torch.nn.functional as F
from assay.models.conv4 import Conv4
from assay.models.episodes import Episode, accuracies, draw_episode
from assay.models.inputs import ImageInput
from assay.models.maml import MAML, adapted
from torch import nn

DRAW = torch.Generator().manual_seed(0)
EPISODE = Episode(
    support=torch.randn(4, 3, generator=DRAW, dtype=torch.float64), support_target=torch.tensor([0, 1, 1, 0]),
    query=torch.randn(5, 3, generator=DRAW, dtype=torch.float64), query_target=torch.tensor([0, 1, 0, 0, 1]),
)  # fmt: skip


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()


def test_one_step_on_a_linear_layer_is_the_closed_form():
    layer = nn.Linear(3, 2, bias=False).double()
    found = adapted(layer, dict(layer.named_parameters()), EPISODE, steps=1, learning_rate=0.7)
    error = torch.softmax(EPISODE.support @ layer.weight.T, 1) - F.one_hot(EPISODE.support_target, 2)
    torch.testing.assert_close(found["weight"], layer.weight - 0.7 * error.T @ EPISODE.support / 4)


def test_steps_are_those_of_torchs_gradient_descent():
    net, learner = network(), network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.3)
    for _ in range(4):
        optimizer.zero_grad()
        F.cross_entropy(net(EPISODE.support), EPISODE.support_target).backward()
        optimizer.step()
    found = MAML(learner, steps=4, learning_rate=0.3).logits(EPISODE)
    torch.testing.assert_close(found, net(EPISODE.query))
    assert all(
        torch.equal(one, other)
        for one, other in zip(learner.parameters(), network().parameters(), strict=True)
    )


def test_the_gradient_goes_through_the_steps():
    net = network()
    learner = MAML(net, steps=3, learning_rate=0.4)
    weights = list(net.parameters())
    exact = torch.autograd.grad(learner(EPISODE), weights)
    for weight, slope in zip(weights, exact, strict=True):
        for place in range(0, weight.numel(), 3):
            losses = []
            for shift in (1e-5, -1e-5):
                with torch.no_grad():
                    weight.view(-1)[place] += shift
                losses.append(learner(EPISODE).item())
                with torch.no_grad():
                    weight.view(-1)[place] -= shift
            assert float(slope.view(-1)[place]) == pytest.approx(
                (losses[0] - losses[1]) / 2e-5, rel=1e-4, abs=1e-8
            )


def test_first_order_is_the_gradient_at_the_adapted_weights():
    net = network()
    found = torch.autograd.grad(
        MAML(net, steps=3, learning_rate=0.4, first_order=True)(EPISODE), list(net.parameters())
    )
    exact = torch.autograd.grad(MAML(net, steps=3, learning_rate=0.4)(EPISODE), list(net.parameters()))
    weights = adapted(net, dict(net.named_parameters()), EPISODE, steps=3, learning_rate=0.4)
    there = network()
    there.load_state_dict({name: weight.detach() for name, weight in weights.items()})
    F.cross_entropy(there(EPISODE.query), EPISODE.query_target).backward()
    for slope, parameter in zip(found, there.parameters(), strict=True):
        torch.testing.assert_close(slope, parameter.grad)
    assert any(not torch.allclose(slope, one) for slope, one in zip(found, exact, strict=True))


def test_a_convolutional_network_adapts():
    torch.manual_seed(0)
    learner = MAML(Conv4(ImageInput(channels=1, height=16, width=16), 2, width=8, norm="group"), steps=2)
    episode = Episode(
        support=torch.randn(4, 1, 16, 16), support_target=EPISODE.support_target,
        query=torch.randn(2, 1, 16, 16), query_target=torch.tensor([0, 1]),
    )  # fmt: skip
    learner(episode).backward()
    assert all(parameter.grad is not None for parameter in learner.parameters())


@pytest.mark.parametrize("first_order", [False, True])
def test_it_learns_to_learn(first_order):
    """Tasks that share a direction: after meta-training one step on it is enough."""
    draw = torch.Generator().manual_seed(0)

    def tasks(count):
        return [
            [
                sign * torch.eye(6)[0] + torch.randn(8, 6, generator=draw) * torch.tensor([0.2] + [2.0] * 5)
                for sign in signs
            ]
            for signs in (
                [1.0, -1.0] if torch.rand((), generator=draw) < 0.5 else [-1.0, 1.0] for _ in range(count)
            )
        ]

    torch.manual_seed(0)
    learner = MAML(
        nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 2)),
        steps=1,
        learning_rate=1.0,
        first_order=first_order,
    )
    new = [draw_episode(task, ways=2, shots=2, queries=6, generator=draw) for task in tasks(60)]
    before = float(accuracies(learner, new).mean())
    optimizer = torch.optim.Adam(learner.parameters(), 0.02)
    for task in tasks(300):
        optimizer.zero_grad()
        learner(draw_episode(task, ways=2, shots=2, queries=6, generator=draw)).backward()
        optimizer.step()
    after = float(accuracies(learner, new).mean())
    assert before < 0.8 < 0.93 < after


@pytest.mark.parametrize("settings", [{"steps": 0}, {"learning_rate": 0.0}])
def test_no_step_at_all_is_refused(settings):
    with pytest.raises(ValueError, match="1 or more"):
        MAML(nn.Linear(2, 2), **settings)
