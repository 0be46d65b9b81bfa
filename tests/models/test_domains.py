"""Penalties on domains that differ, against the papers' formulas and NumPy."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from assay.models.domains import Coral, DomainAdversary, coral, reverse_gradient
from hypothesis import given
from hypothesis import strategies as st

DRAW = torch.Generator().manual_seed(0)
SOURCE = torch.randn(30, 4, generator=DRAW, dtype=torch.float64)
TARGET = 2 * torch.randn(20, 4, generator=DRAW, dtype=torch.float64) + 1


def papers_covariance(features: np.ndarray) -> np.ndarray:
    """Equation 2 of Deep CORAL: (DᵀD - (1ᵀD)ᵀ(1ᵀD) / n) / (n - 1)."""
    ones = np.ones((1, len(features)))
    return (features.T @ features - (ones @ features).T @ (ones @ features) / len(features)) / (
        len(features) - 1
    )


def test_coral_is_equation_1():
    gap = papers_covariance(SOURCE.numpy()) - papers_covariance(TARGET.numpy())
    assert float(coral(SOURCE, TARGET)) == pytest.approx((gap**2).sum() / (4 * 4**2))
    gap = np.cov(SOURCE.numpy().T) - np.cov(TARGET.numpy().T)
    assert float(coral(SOURCE, TARGET)) == pytest.approx(np.linalg.norm(gap) ** 2 / 64)


def test_its_gradient_is_equation_4():
    source = SOURCE.clone().requires_grad_()
    coral(source, TARGET).backward()
    rows = SOURCE.numpy()
    ones = np.ones((1, len(rows)))
    gap = papers_covariance(rows) - papers_covariance(TARGET.numpy())
    slope = (rows.T - (ones @ rows).T @ ones / len(rows)).T @ gap / (4**2 * (len(rows) - 1))
    np.testing.assert_allclose(source.grad.numpy(), slope)


@given(seed=st.integers(0, 1000), shift=st.floats(-5, 5), rows=st.integers(2, 20))
def test_coral_is_blind_to_where_features_lie_and_never_negative(seed, shift, rows):
    draw = torch.Generator().manual_seed(seed)
    one, other = (torch.randn(rows, 3, generator=draw, dtype=torch.float64) for _ in range(2))
    assert float(coral(one, one + shift)) == pytest.approx(0, abs=1e-12)
    assert float(coral(one, other)) == pytest.approx(float(coral(other, one + shift)))
    assert float(coral(one, other)) >= 0
    assert float(Coral()(one, other, 0.3)) == float(coral(one, other))


def test_the_gradient_turns_round_and_the_values_stay():
    values = SOURCE.clone().requires_grad_()
    turned = reverse_gradient(values, 0.7)
    torch.testing.assert_close(turned, values)
    (slope,) = torch.autograd.grad((turned**3).sum(), values)
    torch.testing.assert_close(slope, -0.7 * 3 * values**2)


@pytest.mark.parametrize(("progress", "factor"), [(0.0, 0.0), (0.2, 0.7616), (1.0, 0.9999)])
def test_the_adversary_descends_and_the_features_ascend_by_the_papers_factor(progress, factor):
    torch.manual_seed(0)
    adversary = DomainAdversary(4, hidden=8).double()
    source, target = SOURCE.clone().requires_grad_(), TARGET.clone().requires_grad_()
    weights = list(adversary.parameters())
    loss = adversary(source, target, progress)
    found = torch.autograd.grad(loss, [source, *weights])
    plain = (
        F.binary_cross_entropy_with_logits(
            adversary.layers(source)[:, 0], torch.ones(30, dtype=torch.float64)
        )
        + F.binary_cross_entropy_with_logits(
            adversary.layers(target)[:, 0], torch.zeros(20, dtype=torch.float64)
        )
    ) / 2
    expected = torch.autograd.grad(plain, [source, *weights])
    torch.testing.assert_close(loss, plain)
    torch.testing.assert_close(
        found[0], -(2 / (1 + np.exp(-10 * progress)) - 1) * expected[0], rtol=1e-4, atol=1e-9
    )
    assert 2 / (1 + np.exp(-10 * progress)) - 1 == pytest.approx(factor, abs=1e-3)
    for ours, theirs in zip(found[1:], expected[1:], strict=True):
        torch.testing.assert_close(ours, theirs)
