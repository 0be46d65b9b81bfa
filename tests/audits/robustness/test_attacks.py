"""A linear model is the oracle: of its margin an attack of size ε takes exactly ε times the L1 norm."""

import numpy as np
import pytest
import torch
from assay.audits.robustness.attacks import Space, fgsm, noise, pgd
from hypothesis import given
from hypothesis import strategies as st


def linear(weights, start, low=-torch.inf, high=torch.inf, unit=1.0):
    """Two classes whose logits are 0 and w·x."""
    w, points = torch.tensor(weights, dtype=torch.float64), torch.tensor(start, dtype=torch.float64)

    def logits(x):
        margin = x.flatten(1) @ w
        return torch.stack([torch.zeros_like(margin), margin], dim=1)

    return Space(
        logits=logits, start=points, unit=torch.full_like(points, unit),
        low=torch.full_like(points, low), high=torch.full_like(points, high),
    )  # fmt: skip


@given(st.integers(0, 1000), st.floats(0.01, 1.0))
def test_both_attacks_take_epsilon_times_the_norm_from_a_linear_margin(seed, epsilon):
    rng = np.random.default_rng(seed)
    weights, start = rng.normal(size=4), rng.normal(size=(8, 4))
    y_true = torch.from_numpy(rng.integers(0, 2, 8))
    space = linear(weights, start)
    sign = 2 * y_true.numpy() - 1
    expected = sign * (start @ weights) - epsilon * np.abs(weights).sum()
    for points in (fgsm(space, y_true, epsilon), pgd(space, y_true, epsilon, steps=10, seed=0)):
        found = sign * (points.numpy() @ weights)
        np.testing.assert_allclose(found, expected, atol=1e-9)


@given(st.integers(0, 1000), st.floats(0.01, 1.0))
def test_no_attack_leaves_its_box_or_what_is_valid(seed, epsilon):
    rng = np.random.default_rng(seed)
    start = rng.random((6, 1, 2, 2))
    space, y_true = linear(rng.normal(size=4), start, low=0.0, high=1.0), torch.zeros(6, dtype=torch.int64)
    for points in (
        fgsm(space, y_true, epsilon),
        pgd(space, y_true, epsilon, steps=5, seed=seed),
        noise(space, epsilon, seed=seed),
    ):
        moved = points.numpy()
        assert np.abs(moved - start).max() <= epsilon + 1e-12
        assert moved.min() >= 0
        assert moved.max() <= 1


def test_many_steps_beat_one_where_the_loss_is_curved():
    """Loss rises along a valley that the first gradient does not show."""
    points = torch.tensor([[0.0, 0.3]], dtype=torch.float64)

    def logits(x):
        margin = 1 - (x[:, 0] + 0.2) ** 2 - 3 * (x[:, 1] - 0.5) ** 2
        return torch.stack([torch.zeros_like(margin), -10 * margin], dim=1)

    unit = torch.ones_like(points)
    space = Space(logits=logits, start=points, unit=unit, low=-9 * unit, high=9 * unit)
    truth = torch.tensor([1])

    def loss(x):
        return torch.nn.functional.cross_entropy(logits(x), truth).item()

    assert loss(pgd(space, truth, 0.5, steps=40, seed=0)) >= loss(fgsm(space, truth, 0.5)) - 1e-9


def test_what_has_no_unit_stays_and_an_empty_cell_stays_empty():
    space = linear([1.0, 1.0, 1.0], [[0.5, 0.5, float("nan")]])
    space = Space(
        logits=lambda x: space_logits(x), start=space.start, unit=torch.tensor([[1.0, 0.0, 1.0]]).double(),
        low=space.low, high=space.high,
    )  # fmt: skip
    for points in (
        fgsm(space, torch.tensor([1]), 0.1),
        pgd(space, torch.tensor([1]), 0.1, steps=3, seed=0),
        noise(space, 0.1, seed=0),
    ):
        assert points[0, 1] == 0.5
        assert points[0, 2].isnan()


def space_logits(x):
    margin = x.nan_to_num().sum(dim=1)
    return torch.stack([torch.zeros_like(margin), margin], dim=1)


def test_a_row_outside_of_what_train_has_seen_only_moves_inwards():
    space = linear([-1.0], [[2.0]], low=-1.0, high=1.0)
    moved = fgsm(space, torch.tensor([0]), 0.5)
    assert moved.item() == pytest.approx(1.5)
    away = fgsm(space, torch.tensor([1]), 0.5)
    assert away.item() == pytest.approx(2.0)


def test_the_same_seed_gives_the_same_attack():
    space, truth = linear([1.0, -2.0], [[0.1, 0.2]]), torch.tensor([1])
    one, two = (pgd(space, truth, 0.3, steps=3, seed=5) for _ in range(2))
    assert torch.equal(one, two)
    assert not torch.equal(noise(space, 0.3, seed=1), noise(linear([1.0] * 2, [[0.1, 0.2]]), 0.2, seed=1))
