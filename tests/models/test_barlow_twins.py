"""Barlow Twins against the paper's formulas, written out."""

import pytest
import torch
from assay.models.barlow_twins import EPSILON, cross_correlation, redundancy_loss


def paper_correlation(first, second):
    """Equation 2 by loops over components: centred products over the batch, over the roots of the squares."""
    batch, width = first.shape
    entries = []
    for i in range(width):
        for j in range(width):
            one = first[:, i] - first[:, i].mean()
            other = second[:, j] - second[:, j].mean()
            lengths = torch.sqrt((one**2).mean() + EPSILON) * torch.sqrt((other**2).mean() + EPSILON)
            entries.append((one * other).sum() / batch / lengths)
    return torch.stack(entries).view(width, width)


def paper_loss(correlation, redundancy):
    """Equation 1 by loops."""
    width = len(correlation)
    invariance = sum((1 - correlation[i, i]) ** 2 for i in range(width))
    return invariance + redundancy * sum(
        correlation[i, j] ** 2 for i in range(width) for j in range(width) if i != j
    )


@pytest.mark.parametrize("redundancy", [0.005, 0.5])
def test_the_loss_equals_the_papers_formula_in_value_and_gradient(redundancy):
    torch.manual_seed(0)
    views = torch.randn(7, 4, requires_grad=True), (3 * torch.randn(7, 4) + 1).requires_grad_()
    ours = redundancy_loss(cross_correlation(*views), redundancy)
    exact = [view.detach().double().requires_grad_() for view in views]
    theirs = paper_loss(paper_correlation(*exact), redundancy)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-4)
    for gradient, expected in zip(
        torch.autograd.grad(ours, views), torch.autograd.grad(theirs, exact), strict=True
    ):
        torch.testing.assert_close(gradient.double(), expected, rtol=1e-3, atol=1e-5)


def test_the_correlations_are_those_of_torch():
    torch.manual_seed(0)
    first, second = torch.randn(50, 3), torch.randn(50, 3)
    expected = torch.corrcoef(torch.cat([first, second], dim=1).T)[:3, 3:]
    torch.testing.assert_close(cross_correlation(first, second), expected, rtol=1e-3, atol=1e-4)


def test_scale_and_shift_of_a_component_have_no_say():
    first, second = torch.randn(20, 3), torch.randn(20, 3)
    moved = cross_correlation(first * torch.tensor([2.0, 5.0, 10.0]) + 3, second)
    torch.testing.assert_close(moved, cross_correlation(first, second), rtol=1e-3, atol=1e-4)


def test_the_identity_costs_nothing_and_a_collapsed_batch_costs_its_width():
    assert redundancy_loss(torch.eye(5), 0.1).item() == 0
    still = torch.ones(8, 5)
    assert redundancy_loss(cross_correlation(still, still), 0.1).item() == pytest.approx(5)


def test_a_single_row_gives_a_number():
    assert redundancy_loss(cross_correlation(torch.randn(1, 5), torch.randn(1, 5)), 0.1).isfinite()
