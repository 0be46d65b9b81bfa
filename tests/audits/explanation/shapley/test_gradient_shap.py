"""Expected gradients against closed forms and captum's."""

import numpy as np
import torch
from assay.audits.explanation.shapley import gradient_shap
from captum.attr import GradientShap
from torch import Tensor, nn


class Tokens(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def tokens(self, numeric: Tensor) -> Tensor:
        return numeric[:, :, None]

    def from_tokens(self, tokens: Tensor) -> Tensor:
        return self.function(tokens[:, :, 0])


def rows(count, features=3, seed=0):
    return torch.randn(count, features, generator=torch.Generator().manual_seed(seed))


def test_a_linear_model_gets_coefficient_times_distance_from_the_mean():
    """A multiple of the background: every row of it is taken equally often."""
    w, x, background = torch.tensor([2.0, -1.0, 0.5]), rows(6), rows(16, seed=1)
    target = torch.zeros(6, dtype=torch.int64)
    found = gradient_shap(Tokens(lambda x: (x @ w)[:, None]), (x,), (background,), target, draws=32)
    np.testing.assert_allclose(found, (w * (x - background.mean(dim=0))).numpy(), atol=1e-5)


def test_a_product_is_shared_as_the_integral_says():
    """F = x₁x₂: φ₁ = mean over b of (x₁ - b₁)(x₂ + b₂) / 2."""
    x, background = rows(4, 2), rows(20, 2, seed=1)
    target = torch.zeros(4, dtype=torch.int64)
    network = Tokens(lambda x: x[:, :1] * x[:, 1:])
    found = gradient_shap(network, (x,), (background,), target, draws=4000)
    expected = (x[:, None] - background)[..., 0] * (x[:, None] + background)[..., 1] / 2
    np.testing.assert_allclose(found[:, 0], expected.mean(dim=1).numpy(), atol=0.03)


def test_it_is_captums_in_expectation():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 1))
    x, background, target = rows(5), rows(10, seed=1), torch.zeros(5, dtype=torch.int64)
    ours = gradient_shap(Tokens(network), (x,), (background,), target, draws=4000)
    theirs = GradientShap(network).attribute(x, background, n_samples=4000, stdevs=0.0)
    np.testing.assert_allclose(ours, theirs.detach().numpy(), atol=0.02)


def test_shares_nearly_add_up_to_the_change():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 1))
    x, background, target = rows(8), rows(32, seed=1), torch.zeros(8, dtype=torch.int64)
    found = gradient_shap(Tokens(network), (x,), (background,), target, draws=640)
    with torch.no_grad():
        change = (network(x) - network(background).mean()).numpy()[:, 0]
    np.testing.assert_allclose(found.sum(axis=1), change, atol=0.02)
