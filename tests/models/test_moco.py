"""MoCo against the paper's formula, written out; and its queue against a list."""

import math

import pytest
import torch
import torch.nn.functional as F
from assay.models.catalog import build
from assay.models.inputs import ImageInput
from assay.models.moco import MoCo, info_nce_with_queue


def paper_loss(queries, keys, queue, temperature):
    """Equation 1 by loops: one positive and every key of the queue in the denominator."""
    losses = []
    for query, key in zip(queries, keys, strict=True):
        query = query / query.norm()
        positive = torch.exp((query @ key) / temperature)
        negatives = sum(torch.exp((query @ other) / temperature) for other in queue)
        losses.append(-torch.log(positive / (positive + negatives)))
    return torch.stack(losses).mean()


@pytest.mark.parametrize("temperature", [0.07, 0.2, 1.0])
def test_info_nce_with_queue_equals_the_papers_formula_in_value_and_gradient(temperature):
    torch.manual_seed(0)
    queries = torch.randn(5, 4, requires_grad=True)
    keys, queue = F.normalize(torch.randn(5, 4), dim=1), F.normalize(torch.randn(7, 4), dim=1)
    ours = info_nce_with_queue(queries, keys, queue, temperature)
    exact = queries.detach().double().requires_grad_()
    theirs = paper_loss(exact, keys.double(), queue.double(), temperature)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)
    (gradient,), (expected,) = torch.autograd.grad(ours, queries), torch.autograd.grad(theirs, exact)
    torch.testing.assert_close(gradient.double(), expected, rtol=1e-4, atol=1e-6)


def test_info_nce_with_queue_is_the_log_of_all_keys_where_nothing_is_told_apart():
    alike = F.normalize(torch.ones(15, 3), dim=1)
    loss = info_nce_with_queue(alike[:4], alike[:4], alike, 0.2)
    assert loss.item() == pytest.approx(math.log(16), rel=1e-6)


def small(**options) -> MoCo:
    """A small objective whose views are the images themselves, slightly moved."""
    network = build("resnet_small", ImageInput(channels=1, height=8, width=8), 2, channels=8)
    return MoCo(network, lambda images, generator: images + 0.1, projection_width=4, **options)


def test_the_queue_holds_the_newest_keys_first_and_drops_the_oldest():
    objective, kept = small(queue=7), []
    kept = [*objective.queue]
    for size in (3, 3, 2, 9):  # also a batch larger than the queue
        images = torch.randn(size, 1, 8, 8)
        objective((images,))
        keys = F.normalize(objective.keys(images + 0.1), dim=1)
        kept = [*keys, *kept][:7]
        torch.testing.assert_close(objective.queue, torch.stack(kept))
    torch.testing.assert_close(objective.queue.norm(dim=1), torch.ones(7))


def test_a_batch_is_told_from_the_queue_as_it_was_before_the_batch():
    objective, images = small(queue=6), torch.randn(3, 1, 8, 8)
    queue = objective.queue.clone()
    loss = objective((images,))
    queries = objective.projection(objective.network.encode(images + 0.1))
    keys = F.normalize(objective.keys(images + 0.1), dim=1)
    torch.testing.assert_close(loss, info_nce_with_queue(queries, keys, queue, 0.2))


def test_only_training_moves_the_queue_and_the_encoder_of_keys():
    objective, images = small(queue=6), torch.randn(3, 1, 8, 8)
    with torch.no_grad():
        objective.projection[0].weight.add_(1.0)
    before = {name: part.clone() for name, part in objective.state_dict().items()}
    objective.eval()((images,))
    assert all(torch.equal(part, before[name]) for name, part in objective.state_dict().items())
    objective.train()((images,))
    moved = {name for name, part in objective.state_dict().items() if not torch.equal(part, before[name])}
    assert moved == {"queue", "keys.projection.0.weight"}


def test_a_queue_without_room_is_refused():
    with pytest.raises(ValueError, match="expected at least one key"):
        small(queue=0)
