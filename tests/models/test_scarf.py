"""SCARF against the paper's formula, written out."""

import math

import pytest
import torch
from assay.models.catalog import build
from assay.models.inputs import TabularInput
from assay.models.scarf import SCARF, corrupt, info_nce


def paper_loss(anchors: torch.Tensor, positives: torch.Tensor, temperature: float) -> torch.Tensor:
    """Algorithm 1's L_cont by loops, float64, plus the constant log(batch) that ours leaves out."""
    batch = len(anchors)

    def similarity(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return (one @ other) / (one.norm() * other.norm())

    total = anchors.new_zeros(())
    for i in range(batch):
        pulls = [torch.exp(similarity(anchors[i], positives[k]) / temperature) for k in range(batch)]
        total = total - torch.log(pulls[i] / (sum(pulls) / batch))
    return total / batch + math.log(batch)


@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_info_nce_equals_the_papers_formula_in_value_and_gradient(temperature):
    torch.manual_seed(0)
    anchors, positives = torch.randn(6, 4, requires_grad=True), torch.randn(6, 4, requires_grad=True)
    ours = info_nce(anchors, positives, temperature)
    exact = [part.detach().double().requires_grad_() for part in (anchors, positives)]
    theirs = paper_loss(*exact, temperature)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)
    gradients = torch.autograd.grad(ours, (anchors, positives))
    for gradient, expected in zip(gradients, torch.autograd.grad(theirs, exact), strict=True):
        torch.testing.assert_close(gradient.double(), expected, rtol=1e-4, atol=1e-6)


def test_info_nce_is_log_of_the_batch_where_nothing_is_told_apart():
    alike = torch.ones(8, 3)
    assert info_nce(alike, alike, 0.5).item() == pytest.approx(math.log(8), rel=1e-6)


@pytest.mark.parametrize(("share", "replaced"), [(0.0, 0), (0.6, 3), (0.99, 4), (1.0, 5)])
def test_at_most_the_rounded_down_share_of_a_row_is_replaced_by_values_of_the_same_column(share, replaced):
    numeric = torch.arange(300.0).view(
        100, 3
    )  # no value twice: a replaced cell shows, unless it draws itself
    categorical = torch.arange(1000, 1200).view(100, 2)
    changed = corrupt((numeric, categorical), share, torch.Generator().manual_seed(0))
    cells = torch.cat([changed[0] != numeric, changed[1] != categorical], dim=1)
    assert cells.sum(dim=1).max() == replaced
    assert cells.sum(dim=1).float().mean() == pytest.approx(replaced, abs=0.1)  # a cell draws itself in 1%
    assert (changed[0] % 3 == torch.arange(3)).all()
    assert (changed[1] % 2 == torch.arange(2)).all()
    if 0 < replaced < 5:
        assert (cells.float().mean(dim=0) > 0.4 * share).all()  # every column takes its turn


def test_the_same_generator_gives_the_same_corruption():
    inputs = (torch.randn(20, 3), torch.randint(5, (20, 2)))
    first, second = (corrupt(inputs, 0.6, torch.Generator().manual_seed(7)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_a_few_steps_teach_rows_to_be_told_apart():
    torch.manual_seed(0)
    network = build("mlp", TabularInput(numeric=0, cardinalities=(50,) * 6), 2, width=32, dropout=0.0)
    objective = SCARF(network, corruption=0.5, temperature=0.2, projection_width=16)
    rows = (torch.zeros(64, 0), torch.randint(50, (64, 6)))
    optimizer = torch.optim.AdamW(objective.parameters(), lr=0.01)
    for _ in range(60):
        optimizer.zero_grad()
        objective(rows).backward()
        optimizer.step()
    assert objective(rows).item() < 0.8 * math.log(64)
