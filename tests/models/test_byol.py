"""BYOL against the paper's formula, written out."""

import pytest
import torch
from assay.models.byol import BYOL, normalized_error
from assay.models.catalog import build
from assay.models.inputs import ImageInput


def paper_loss(predictions, targets):
    """Equation 2 by a loop: the squared distance between vectors of length 1, averaged over rows."""
    distances = [
        ((q / q.norm()) - (z / z.norm())).square().sum() for q, z in zip(predictions, targets, strict=True)
    ]
    return torch.stack(distances).mean()


def test_normalized_error_equals_the_papers_formula_in_value_and_gradient():
    torch.manual_seed(0)
    predictions, targets = torch.randn(6, 4, requires_grad=True), torch.randn(6, 4)
    ours = normalized_error(predictions, targets)
    exact = predictions.detach().double().requires_grad_()
    theirs = paper_loss(exact, targets.double())
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)
    (gradient,), (expected,) = torch.autograd.grad(ours, predictions), torch.autograd.grad(theirs, exact)
    torch.testing.assert_close(gradient.double(), expected, rtol=1e-4, atol=1e-6)


def small(augment=lambda images, generator: images) -> BYOL:
    """A small objective."""
    network = build("resnet_small", ImageInput(channels=1, height=8, width=8), 2, channels=8)
    return BYOL(network, augment, momentum=0.5, projection_width=4, hidden=8)


def test_each_view_predicts_the_targets_projection_of_the_other():
    shifts = iter([0.0, 1.0])
    # In evaluation: in training the heads' norms look over both views at once.
    objective = small(lambda images, generator: images + next(shifts) * images.flip(3)).eval()
    images = torch.randn(5, 1, 8, 8)
    first, second = images, images + images.flip(3)
    loss = objective((images,))

    def predicted(view):
        return objective.predictor(objective.projection(objective.network.encode(view)))

    expected = paper_loss(predicted(first), objective.target(second))
    torch.testing.assert_close(loss, expected + paper_loss(predicted(second), objective.target(first)))


def test_no_gradient_reaches_the_target_and_only_training_moves_it():
    objective, images = small(), torch.randn(3, 1, 8, 8)
    objective((images,)).backward()
    assert all(weight.grad is None for weight in objective.target.parameters())
    with torch.no_grad():
        objective.projection[0].weight.add_(1.0)
    fast, slow = objective.projection[0].weight, objective.target.projection[0].weight
    before = slow.clone()
    objective.eval()((images,))
    assert torch.equal(slow, before)
    objective.train()((images,))
    torch.testing.assert_close(slow, 0.5 * before + 0.5 * fast)


def test_giving_every_image_the_same_vector_is_a_perfect_answer():
    """Why `feature_std` has to be read: the loss itself can't tell."""
    assert normalized_error(torch.ones(4, 3), torch.ones(4, 3)).item() == pytest.approx(0, abs=1e-6)
