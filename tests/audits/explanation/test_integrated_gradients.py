"""Integrated gradients against closed forms: a line, a square, and the axioms that define the method."""

import numpy as np
import torch
from assay.audits.explanation.integrated_gradients import attribute, mean_tokens
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn


class Tokens(nn.Module):
    """A network over one-component tokens: each column is its own token."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def tokens(self, numeric: Tensor) -> Tensor:
        return numeric[:, :, None]

    def from_tokens(self, tokens: Tensor) -> Tensor:
        return self.function(tokens[:, :, 0])


def rows(count=8, features=3, seed=0) -> Tensor:
    return torch.randn(count, features, generator=torch.Generator().manual_seed(seed))


def regression(function, x, baseline):
    target = torch.zeros(len(x), dtype=torch.int64)
    return attribute(Tokens(function), (x,), baseline[None, :, None], target)


@given(st.lists(st.floats(-3, 3), min_size=3, max_size=3), st.integers(0, 100))
def test_a_linear_model_gets_coefficient_times_distance_from_the_baseline(coefficients, seed):
    weights, x, baseline = torch.tensor(coefficients), rows(seed=seed), torch.tensor([0.5, -1.0, 2.0])
    found = regression(lambda x: (x @ weights)[:, None] + 7.0, x, baseline)
    np.testing.assert_allclose(found.values, (weights * (x - baseline)).numpy(), atol=1e-5)


def test_a_quadratic_model_gets_the_integral_worked_out_by_hand():
    """F = x₁² + x₁x₂ from baseline b: along the path x(α) = b + α d, with d = x - b,
    share₁ = d₁ ∫ 2x₁(α) + x₂(α) dα = d₁ (x₁ + b₁ + (x₂ + b₂) / 2) and share₂ = d₂ (x₁ + b₁) / 2."""
    x, baseline = rows(features=2), torch.tensor([0.3, -0.7])
    found = regression(lambda x: x[:, :1] ** 2 + x[:, :1] * x[:, 1:], x, baseline)
    d, total = (x - baseline).numpy(), (x + baseline).numpy()
    expected = np.stack([d[:, 0] * (total[:, 0] + total[:, 1] / 2), d[:, 1] * total[:, 0] / 2], axis=1)
    np.testing.assert_allclose(found.values, expected, atol=1e-5)


def test_shares_add_up_to_the_change_and_the_gap_says_how_nearly():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 4))
    x, target = rows(), torch.arange(8) % 4
    found = attribute(Tokens(network), (x,), torch.zeros(1, 3, 1), target)
    np.testing.assert_allclose(found.values.sum(axis=1) - found.change, found.gap, atol=1e-6)
    assert np.abs(found.gap).max() < 1e-4


def test_a_column_that_the_model_ignores_gets_nothing():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 2))
    with torch.no_grad():
        network[0].weight[:, 1] = 0
    found = attribute(Tokens(network), (rows(),), torch.zeros(1, 3, 1), torch.ones(8, dtype=torch.int64))
    np.testing.assert_array_equal(found.values[:, 1], 0)


def test_two_classes_are_explained_by_the_difference_of_their_logits():
    weights = torch.randn(3, 2, generator=torch.Generator().manual_seed(1))
    x, ones = rows(), torch.ones(8, dtype=torch.int64)
    found = attribute(Tokens(lambda x: x @ weights), (x,), torch.zeros(1, 3, 1), ones)
    np.testing.assert_allclose(found.values, (x * (weights[:, 1] - weights[:, 0])).numpy(), atol=1e-5)


def test_the_baseline_is_the_average_token():
    x = rows(count=2000)
    np.testing.assert_allclose(mean_tokens(Tokens(None), (x,))[0, :, 0], x.mean(dim=0), atol=1e-6)
