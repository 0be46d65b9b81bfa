"""Mixed images and labels against the papers' formulas, row by row."""

import random

import pytest
import torch
from assay.models.mixing import Mixed, cut_and_paste, mixed_targets
from assay.models.supervised import Classification
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

IMAGES = torch.randn(6, 1, 8, 8, generator=torch.Generator().manual_seed(0))
TARGET = torch.tensor([0, 1, 2, 0, 1, 2])
WEIGHT = torch.tensor([1.0, 2.0, 0.5, 0.0, 3.0, 1.0])
PARTNER = torch.tensor([1, 3, 0, 3, 5, 2])


class Watching(nn.Module):
    """An objective that notes what it is called with."""

    def forward(self, inputs, target, weight=None, generator=None):
        self.seen = inputs[0], target, weight
        return torch.zeros(())


def mixed(target=TARGET, weight=None, *, seed=0, **alphas):
    watching = Watching()
    Mixed(watching, classes=3, **alphas).train()(
        (IMAGES,), target, weight, torch.Generator().manual_seed(seed)
    )
    return watching.seen


@pytest.mark.parametrize("seed", range(5))
def test_mixup_averages_each_image_and_its_label_by_one_share(seed):
    images, soft, _ = mixed(seed=seed, mixup=1.0)
    partner = torch.randperm(6, generator=_after_one_draw(seed))
    own = soft[torch.arange(6), TARGET]
    alone = TARGET[partner] == TARGET
    share = own[~alone][0]
    expected = share * IMAGES + (1 - share) * IMAGES[partner]
    torch.testing.assert_close(images, expected)
    one_hot = torch.eye(3)
    torch.testing.assert_close(soft, share * one_hot[TARGET] + (1 - share) * one_hot[TARGET[partner]])


@pytest.mark.parametrize("seed", range(5))
def test_cutmix_labels_by_the_share_of_pixels_that_are_their_own(seed):
    images, soft, _ = mixed(seed=seed, cutmix=1.0)
    partner = torch.randperm(6, generator=_after_one_draw(seed))
    own, other = images == IMAGES, images == IMAGES[partner]
    assert (own | other).all()
    apart = partner != torch.arange(6)
    share = own[apart].float().mean(dim=(1, 2, 3))
    one_hot = torch.eye(3)
    expected = (
        share[:, None] * one_hot[TARGET[apart]] + (1 - share[:, None]) * one_hot[TARGET[partner[apart]]]
    )
    torch.testing.assert_close(soft[apart], expected)


@given(share=st.floats(0, 1), seed=st.integers(0, 1000))
def test_the_box_is_a_box_and_its_area_is_told(share, seed):
    zeros, ones = torch.zeros(1, 2, 8, 10), torch.ones(1, 2, 8, 10)
    joined, own = cut_and_paste(zeros, ones, share, random.Random(seed))
    rows, columns = joined[0, 0].amax(dim=1), joined[0, 0].amax(dim=0)
    assert torch.equal(joined[0, 0], rows[:, None] * columns[None, :])
    assert 1 - float(joined.mean()) == pytest.approx(own, abs=1e-6)
    assert own >= share - 0.3  # rounding and the border only make the box smaller


def test_the_loss_of_weighted_rows_is_the_sum_of_their_parts():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    share = 0.3
    soft, weight = mixed_targets(TARGET, WEIGHT, PARTNER, share, 3)
    found = Classification(net)((IMAGES,), soft, weight)
    total = mass = torch.zeros(())
    for row in range(6):
        logits = net(IMAGES[row : row + 1])
        for label, part in ((row, share), (int(PARTNER[row]), 1 - share)):
            loss = nn.functional.cross_entropy(logits, TARGET[label : label + 1])
            total, mass = total + part * WEIGHT[label] * loss, mass + part * WEIGHT[label]
    torch.testing.assert_close(found, total / mass)


def test_smoothed_soft_targets_are_smoothed_as_exact_ones_are():
    logits = torch.randn(6, 3)
    soft = torch.eye(3)[TARGET]
    objective = Classification(nn.Identity(), label_smoothing=0.2)
    torch.testing.assert_close(objective((logits,), soft), objective((logits,), TARGET))


def test_in_evaluation_images_and_labels_are_as_they_are():
    watching = Watching()
    Mixed(watching, classes=3, mixup=1.0).eval()((IMAGES,), TARGET)
    assert watching.seen[0] is IMAGES
    assert watching.seen[1] is TARGET


def test_with_both_a_coin_decides():
    pasted = 0
    for seed in range(40):
        images, *_ = mixed(seed=seed, mixup=1.0, cutmix=1.0)
        partner = torch.randperm(6, generator=_after_one_draw(seed))
        pasted += bool(((images == IMAGES) | (images == IMAGES[partner])).all())
    assert 8 <= pasted <= 32


def test_shares_follow_the_beta_distribution():
    torch.manual_seed(0)
    watching, shares = Watching(), []
    objective = Mixed(watching, classes=6, mixup=0.4).train()
    for _ in range(1000):
        objective((IMAGES,), torch.arange(6))
        shares.append(watching.seen[1].diagonal().min())  # a row whose partner is itself has 1
    found = torch.stack(shares)
    assert float(found.mean()) == pytest.approx(0.5, abs=0.05)
    assert float(found.square().mean()) == pytest.approx(1.4 / 3.6, abs=0.05)  # (α + 1) / (4 α + 2)


def test_no_mixing_at_all_is_refused():
    with pytest.raises(ValueError, match="one of them above 0"):
        Mixed(Watching(), classes=3)


def _after_one_draw(seed: int) -> torch.Generator:
    """The generator as it is when partners are drawn: after the seed of the other draws."""
    generator = torch.Generator().manual_seed(seed)
    torch.randint(2**62, (), generator=generator)
    return generator
