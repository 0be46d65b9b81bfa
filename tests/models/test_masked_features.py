"""Masked-feature modelling against loops over cells."""

import math

import pytest
import torch
from assay.models.catalog import build
from assay.models.inputs import TabularInput
from assay.models.masked_features import (
    MaskedFeatures,
    differs,
    ranges_of,
    reconstruction_losses,
    replace_cells,
)
from scipy import stats


def paper_loss(guess, numeric, categorical, cardinalities):
    """Squared error or cross-entropy of every cell that is there, by loops; each row counts alike."""
    losses = []
    for row in range(len(numeric)):
        errors = []
        for column in range(numeric.shape[1]):
            if not math.isnan(numeric[row, column]):
                errors.append((guess[row, column] - numeric[row, column]) ** 2)
        start = numeric.shape[1]
        for column, size in enumerate(cardinalities):
            scores = torch.exp(guess[row, start : start + size])
            errors.append(-torch.log(scores[categorical[row, column]] / scores.sum()))
            start += size
        losses.append(torch.stack(errors).mean())
    return torch.stack(losses).mean()


def test_the_reconstruction_loss_equals_the_loop_in_value_and_gradient():
    torch.manual_seed(0)
    guess = torch.randn(5, 2 + 3 + 4, requires_grad=True)
    numeric = torch.randn(5, 2)
    numeric[1, 0] = numeric[3, 1] = torch.nan
    categorical = torch.stack([torch.randint(3, (5,)), torch.randint(4, (5,))], dim=1)
    ours = reconstruction_losses(guess, numeric, categorical, (3, 4)).mean()
    exact = guess.detach().double().requires_grad_()
    theirs = paper_loss(exact, numeric.double(), categorical, (3, 4))
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)
    (gradient,), (expected,) = torch.autograd.grad(ours, guess), torch.autograd.grad(theirs, exact)
    torch.testing.assert_close(gradient.double(), expected, rtol=1e-4, atol=1e-6)


def test_a_share_of_the_cells_is_replaced_by_values_of_the_same_column():
    numeric = torch.arange(3000.0).view(1000, 3)  # no value twice: a replaced cell shows
    categorical = torch.arange(2000).view(1000, 2)
    changed = replace_cells((numeric, categorical), 0.3, torch.Generator().manual_seed(0))
    cells = torch.cat([changed[0] != numeric, changed[1] != categorical], dim=1)
    assert cells.float().mean(dim=0).tolist() == pytest.approx([0.3] * 5, abs=0.05)
    assert (changed[0] % 3 == torch.arange(3)).all()
    assert (changed[1] % 2 == torch.arange(2)).all()


def test_uniform_replacements_come_from_the_columns_ranges_whatever_the_rows_are():
    inputs = TabularInput(numeric=2, cardinalities=(3, 50), bins=((-1.0, 0.0, 2.0), (5.0, 6.0)))
    far = (torch.full((4000, 2), 99.0), torch.full((4000, 2), 7))
    drawn = replace_cells(far, 1.0, torch.Generator().manual_seed(0), ranges_of(inputs))
    other = replace_cells((-far[0], 0 * far[1]), 1.0, torch.Generator().manual_seed(0), ranges_of(inputs))
    assert all(torch.equal(a, b) for a, b in zip(drawn, other, strict=True))
    for values, (low, high) in zip(drawn[0].T, ((-1, 2), (5, 6)), strict=True):
        assert stats.kstest((values.numpy() - low) / (high - low), "uniform").pvalue > 1e-4
    for codes, size in zip(drawn[1].T, (3, 50), strict=True):
        assert stats.chisquare(codes.bincount(minlength=size)).pvalue > 1e-4


def test_a_rows_loss_is_its_own_where_replacements_are_uniform():
    """What differential privacy asks for: no row's loss knows another row, and weights choose rows."""
    inputs = TabularInput(numeric=2, cardinalities=(4,), bins=((-2.0, 2.0), (-2.0, 2.0)))
    objective = MaskedFeatures(build("mlp", inputs, 2).eval(), replacement="uniform")
    numeric, codes = torch.randn(5, 2), torch.randint(4, (5, 1))
    numeric[2, 0] = torch.nan
    others = (torch.randn(5, 2), torch.randint(4, (5, 1)))
    for row in range(5):
        alone = torch.eye(5)[row]
        changed = [
            torch.where(alone.bool()[:, None], mine, new)
            for mine, new in zip((numeric, codes), others, strict=True)
        ]
        ours, theirs = (
            objective(rows, None, alone, torch.Generator().manual_seed(0))
            for rows in ((numeric, codes), tuple(changed))
        )
        assert ours.item() == pytest.approx(theirs.item(), rel=1e-6)


def test_numbers_without_bins_have_no_range():
    network = build("mlp", TabularInput(numeric=1, cardinalities=(), bins=()), 2, encoding="linear")
    with pytest.raises(ValueError, match="numbers without bins"):
        MaskedFeatures(network, replacement="uniform")


def test_a_column_is_shuffled_by_itself():
    numeric = torch.arange(8.0).view(4, 2)
    replaced = replace_cells((numeric,), 1.0, torch.Generator().manual_seed(0))[0]
    assert replaced.sort(dim=0).values.equal(numeric)
    assert not (replaced[:, 1] - replaced[:, 0] == 1).all()


def test_the_same_generator_gives_the_same_cells():
    inputs = (torch.randn(20, 3), torch.randint(5, (20, 2)))
    first, second = (replace_cells(inputs, 0.3, torch.Generator().manual_seed(7)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_a_missing_number_in_the_place_of_a_missing_number_is_no_replacement():
    old = torch.tensor([torch.nan, torch.nan, 1.0, 1.0])
    new = torch.tensor([torch.nan, 1.0, torch.nan, 1.0])
    assert differs(new, old).tolist() == [False, True, True, False]


def test_where_nothing_is_known_the_loss_is_that_of_guessing():
    network = build("mlp", TabularInput(numeric=0, cardinalities=(4, 4)), 2)
    objective = MaskedFeatures(network, alpha=2.0)
    for head in (objective.mask_head, objective.feature_head):
        torch.nn.init.zeros_(head.weight)
        torch.nn.init.zeros_(head.bias)
    loss = objective((torch.zeros(6, 0), torch.randint(4, (6, 2))))
    assert loss.item() == pytest.approx(math.log(2) + 2 * math.log(4), rel=1e-5)


def test_a_few_steps_teach_what_one_column_says_of_another():
    torch.manual_seed(0)
    network = build("mlp", TabularInput(numeric=0, cardinalities=(8,) * 4), 2, width=32, dropout=0.0)
    objective = MaskedFeatures(network, masked=0.2)
    rows = (torch.zeros(128, 0), torch.randint(8, (128, 1)).expand(-1, 4))
    optimizer = torch.optim.AdamW(objective.parameters(), lr=0.01)
    for _ in range(60):
        optimizer.zero_grad()
        objective(rows).backward()
        optimizer.step()
    assert objective(rows).item() < 0.3 * (math.log(2) + 2 * math.log(8))


@pytest.mark.parametrize("masked", [0.0, 1.0])
def test_a_share_that_replaces_nothing_or_all_is_refused(masked):
    network = build("mlp", TabularInput(numeric=0, cardinalities=(4, 4)), 2)
    with pytest.raises(ValueError, match="expected a share between 0 and 1"):
        MaskedFeatures(network, masked=masked)


def test_an_unknown_replacement_is_refused():
    network = build("mlp", TabularInput(numeric=0, cardinalities=(4, 4)), 2)
    with pytest.raises(ValueError, match="expected marginal or uniform"):
        MaskedFeatures(network, replacement="zero")
