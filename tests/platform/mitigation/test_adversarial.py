"""Adversarial debiasing: the gradient is the paper's, written out again with autograd's own parts."""

import pytest
import torch
from assay.models.supervised import Classification
from assay.platform.mitigation.adversarial import Adversarial
from torch import nn


class Linear(nn.Module):
    """A predictor of one layer."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(3, 2)

    def forward(self, x):
        return self.head(x)


def debiased(constraint: str, strength: float = 0.7) -> Adversarial:
    torch.manual_seed(0)
    made = Adversarial(Classification(Linear()), groups=2, constraint=constraint, strength=strength)
    nn.init.normal_(made.adversary.weight)  # as after some steps
    return made


def batch():
    torch.manual_seed(1)
    return torch.randn(40, 3), torch.randint(0, 2, (40,)), torch.randint(0, 2, (40,)), torch.rand(40)


@pytest.mark.parametrize("constraint", ["demographic_parity", "equalized_odds", "equal_opportunity"])
def test_the_predictor_follows_the_papers_direction(constraint):
    made, (x, y, group, weight) = debiased(constraint), batch()
    made((x, group), y, weight).backward()
    found = torch.cat([w.grad.flatten() for w in made.objective.parameters()])

    ours, theirs = list(made.objective.parameters()), list(made.adversary.parameters())
    own = torch.autograd.grad(made.objective((x,), y, weight), ours)
    guessed = made._adversary_loss(made.network(x), y, group, weight)
    against = torch.autograd.grad(guessed, ours, retain_graph=True)
    g, a = (torch.cat([part.flatten() for part in parts]) for parts in (own, against))
    torch.testing.assert_close(found, g - (g @ a) / (a @ a) * a - 0.7 * a)
    for weights, gradient in zip(theirs, torch.autograd.grad(guessed, theirs), strict=True):
        torch.testing.assert_close(weights.grad, gradient)


def test_its_value_is_the_predictors_own_loss():
    made, (x, y, group, weight) = debiased("equalized_odds"), batch()
    own = made.objective((x,), y, weight)
    assert made((x, group), y, weight).item() == pytest.approx(own.item())
    made.eval()
    assert made((x, group), y, weight).item() == pytest.approx(own.item())


def test_for_equal_opportunity_the_adversary_sees_positive_rows_alone():
    made, (x, y, group, _) = debiased("equal_opportunity"), batch()
    whole = made._adversary_loss(made.network(x), y, group, None)
    kept = y == 1
    positives = made._adversary_loss(made.network(x[kept]), y[kept], group[kept], None)
    assert whole.item() == pytest.approx(positives.item())


def test_an_adversary_without_an_opinion_leaves_the_predictor_alone():
    made, (x, y, group, _) = debiased("demographic_parity"), batch()
    nn.init.zeros_(made.adversary.weight)
    made((x, group), y).backward()
    found = [w.grad.clone() for w in made.objective.parameters()]
    expected = torch.autograd.grad(made.objective((x,), y), list(made.objective.parameters()))
    for first, second in zip(found, expected, strict=True):
        torch.testing.assert_close(first, second)
