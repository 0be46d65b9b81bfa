"""Learning from labels, against sums written out."""

import math

import pytest
import torch
from assay.models.supervised import Classification, Regression, weighted_mean
from torch import nn


def numbers(*shape: int) -> torch.Tensor:
    """Random numbers in float32 that don't depend on other tests."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy_is_the_papers_sum(smoothing, weighted):
    network, inputs, target = nn.Linear(4, 3), numbers(5, 4), [0, 2, 1, 1, 0]
    weight = torch.tensor([1.0, 2.0, 0.0, 0.5, 3.0]) if weighted else None
    expected, mass = 0.0, 0.0
    for row, label in enumerate(target):
        logits = network(inputs[row]).tolist()
        total = sum(math.exp(logit) for logit in logits)
        share = [smoothing / 3 + (1 - smoothing) * (label == code) for code in range(3)]
        loss = -sum(q * (logit - math.log(total)) for q, logit in zip(share, logits, strict=True))
        by = weight[row].item() if weight is not None else 1.0
        expected, mass = expected + by * loss, mass + by
    objective = Classification(network, label_smoothing=smoothing)
    assert objective((inputs,), torch.tensor(target), weight).item() == pytest.approx(
        expected / mass, rel=1e-5
    )


def test_squared_error_is_weighted_by_row():
    network, inputs = nn.Linear(4, 1), numbers(3, 4)
    target, weight = torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1.0, 0.0, 3.0])
    first, _, third = (network(inputs).squeeze(1) - target).square().tolist()
    loss = Regression(network)((inputs,), target, weight)
    assert loss.item() == pytest.approx((first + 3 * third) / 4, rel=1e-5)


def test_weights_of_one_change_nothing_and_weights_of_zero_give_zero():
    losses = numbers(6).square()
    torch.testing.assert_close(weighted_mean(losses, torch.ones(6)), weighted_mean(losses, None))
    assert weighted_mean(losses, torch.zeros(6)).item() == 0.0
