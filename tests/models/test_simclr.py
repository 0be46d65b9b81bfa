"""SimCLR against the paper's formula, written out."""

import math

import pytest
import torch
from assay.models.catalog import build
from assay.models.inputs import ImageInput
from assay.models.simclr import SimCLR, nt_xent


def paper_loss(first: torch.Tensor, second: torch.Tensor, temperature: float) -> torch.Tensor:
    """Algorithm 1 by loops: views 2k and 2k + 1 are of image k."""
    views = [view for pair in zip(first, second, strict=True) for view in pair]

    def similarity(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return (one @ other) / (one.norm() * other.norm())

    def loss(i: int, j: int) -> torch.Tensor:
        others = [k for k in range(len(views)) if k != i]
        pulls = sum(torch.exp(similarity(views[i], views[k]) / temperature) for k in others)
        return -torch.log(torch.exp(similarity(views[i], views[j]) / temperature) / pulls)

    pairs = [loss(2 * k, 2 * k + 1) + loss(2 * k + 1, 2 * k) for k in range(len(first))]
    return torch.stack(pairs).sum() / len(views)


@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_nt_xent_equals_the_papers_formula_in_value_and_gradient(temperature):
    torch.manual_seed(0)
    views = torch.randn(6, 4, requires_grad=True), torch.randn(6, 4, requires_grad=True)
    ours = nt_xent(*views, temperature)
    exact = [view.detach().double().requires_grad_() for view in views]
    theirs = paper_loss(*exact, temperature)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)
    gradients = torch.autograd.grad(ours, views)
    for gradient, expected in zip(gradients, torch.autograd.grad(theirs, exact), strict=True):
        torch.testing.assert_close(gradient.double(), expected, rtol=1e-4, atol=1e-6)


def test_nt_xent_does_not_change_when_views_swap_or_images_are_reordered():
    first, second, order = torch.randn(6, 4), torch.randn(6, 4), torch.randperm(6)
    loss = nt_xent(first, second, 0.5)
    torch.testing.assert_close(nt_xent(second, first, 0.5), loss)
    torch.testing.assert_close(nt_xent(first[order], second[order], 0.5), loss)


def test_nt_xent_is_the_log_of_the_other_views_where_nothing_is_told_apart():
    alike = torch.ones(8, 3)
    assert nt_xent(alike, alike, 0.5).item() == pytest.approx(math.log(15), rel=1e-6)


def test_each_image_is_seen_in_two_views_made_with_the_generator():
    seen = []

    def augment(images: torch.Tensor, generator: torch.Generator | None) -> torch.Tensor:
        seen.append(images)
        return images + torch.randn(images.shape, generator=generator)

    network = build("resnet_small", ImageInput(channels=1, height=8, width=8), 2, channels=8).eval()
    objective, images = SimCLR(network, augment), torch.randn(4, 1, 8, 8)
    losses = [objective((images,), None, None, torch.Generator().manual_seed(3)).item() for _ in range(2)]
    assert losses[0] == losses[1]
    assert len(seen) == 4
    assert all(view is images for view in seen)
