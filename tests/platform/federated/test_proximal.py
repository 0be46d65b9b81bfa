"""FedProx's gradient, against autograd of the objective that the paper writes."""

import pytest
import torch
from assay.models.supervised import Classification
from assay.platform.federated.proximal import Proximal
from assay.platform.training.rows import Batch
from assay.platform.training.steppers import FullPrecision
from torch import nn


def test_the_gradient_is_that_of_the_loss_plus_the_quadratic_term():
    torch.manual_seed(0)
    objective = Classification(nn.Linear(4, 3))  # type: ignore[arg-type]
    batch = Batch(inputs=(torch.randn(8, 4),), target=torch.randint(0, 3, (8,)), weight=None)
    weights = tuple(objective.parameters())
    anchor = tuple(torch.randn_like(weight) for weight in weights)
    stepper = Proximal(torch.Generator(), FullPrecision(torch.Generator()), weights, anchor, 0.7)
    loss = stepper.backward(objective, batch)

    whole = objective(batch.inputs, batch.target)
    whole = whole + 0.35 * sum(
        (weight - start).square().sum() for weight, start in zip(weights, anchor, strict=True)
    )
    for weight, expected in zip(weights, torch.autograd.grad(whole, weights), strict=True):
        torch.testing.assert_close(weight.grad, expected)
    assert loss == pytest.approx(objective(batch.inputs, batch.target).item())


def test_at_the_anchor_the_term_pulls_nowhere():
    objective = Classification(nn.Linear(4, 3))  # type: ignore[arg-type]
    batch = Batch(inputs=(torch.randn(8, 4),), target=torch.randint(0, 3, (8,)), weight=None)
    weights = tuple(objective.parameters())
    anchor = tuple(weight.detach().clone() for weight in weights)
    plain = torch.autograd.grad(objective(batch.inputs, batch.target), weights)
    Proximal(torch.Generator(), FullPrecision(torch.Generator()), weights, anchor, 5.0).backward(
        objective, batch
    )
    for weight, expected in zip(weights, plain, strict=True):
        torch.testing.assert_close(weight.grad, expected)
