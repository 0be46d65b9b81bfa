"""VICReg against the paper's formulas, written out."""

import pytest
import torch
from assay.models.vicreg import EPSILON, covariance_loss, covariances, variance_loss, vicreg_loss


def paper_loss(first, second, invariance, variance, covariance):
    """Equations 1 to 6 by loops; the views' distance is averaged over components, as in algorithm 1."""
    batch, width = first.shape
    means = [[view[:, j].mean() for j in range(width)] for view in (first, second)]

    def covariant(view, mean, i, j):
        return sum((view[b, i] - mean[i]) * (view[b, j] - mean[j]) for b in range(batch)) / (batch - 1)

    total = invariance * sum(((a - b) ** 2).sum() for a, b in zip(first, second, strict=True)) / batch / width
    for view, mean in zip((first, second), means, strict=True):
        for i in range(width):
            std = torch.sqrt(covariant(view, mean, i, i) + EPSILON)
            total = total + variance * torch.clamp(1 - std, min=0) / width
            for j in range(width):
                if i != j:
                    total = total + covariance * covariant(view, mean, i, j) ** 2 / width
    return total


@pytest.mark.parametrize("weights", [(25.0, 25.0, 1.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)])
def test_the_loss_equals_the_papers_formula_in_value_and_gradient(weights):
    torch.manual_seed(0)
    scales = torch.tensor([0.3, 0.6, 1.0, 3.0])  # some components spread enough, some not
    views = [(torch.randn(7, 4) * scales).requires_grad_() for _ in range(2)]
    ours = vicreg_loss(*views, *weights)
    exact = [view.detach().double().requires_grad_() for view in views]
    theirs = paper_loss(*exact, *weights)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)
    for gradient, expected in zip(
        torch.autograd.grad(ours, views), torch.autograd.grad(theirs, exact), strict=True
    ):
        torch.testing.assert_close(gradient.double(), expected, rtol=1e-4, atol=1e-5)


def test_the_covariances_are_those_of_torch():
    features = torch.randn(20, 5)
    torch.testing.assert_close(covariances(features), features.T.cov())


def test_collapse_costs_all_of_the_variance_and_has_a_finite_slope():
    still = torch.ones(6, 3, requires_grad=True)
    loss = vicreg_loss(still, still, 25.0, 25.0, 1.0)
    assert loss.item() == pytest.approx(2 * 25.0 * (1 - EPSILON**0.5))
    assert torch.autograd.grad(loss, still)[0].isfinite().all()


def test_spread_components_that_do_not_repeat_each_other_cost_nothing():
    assert variance_loss(torch.eye(4)).item() == 0
    assert covariance_loss(torch.eye(4)).item() == 0


def test_a_single_row_gives_a_number():
    assert vicreg_loss(torch.randn(1, 3), torch.randn(1, 3), 1.0, 1.0, 1.0).isfinite()
