"""Clipping, against its definition and the accountant of both releases."""

import math

import pytest
import torch
from assay.platform.exceptions import SpecError
from assay.platform.privacy.clipping import CLIPPINGS, AdaptiveClipping, FlatClipping, PerLayerClipping
from assay.platform.privacy.noise import GaussianNoise
from hypothesis import given
from hypothesis import strategies as st


@given(
    squared=st.lists(st.lists(st.floats(0, 1e6), min_size=3, max_size=3), min_size=1, max_size=5),
    bound=st.floats(1e-3, 1e3),
    name=st.sampled_from(sorted(CLIPPINGS)),
)
def test_no_sample_gets_through_with_more_than_the_bound(squared, bound, name):
    norms = torch.tensor(squared)
    factors = CLIPPINGS[name](bound, 64).coefficients(norms)
    assert factors.shape == norms.shape
    assert (factors <= 1).all()
    through = (norms * factors.square()).sum(0).sqrt()
    assert (through <= bound * (1 + 1e-5)).all()


def test_flat_clipping_leaves_small_gradients_alone_and_shortens_large_ones():
    factors = FlatClipping(2.0).coefficients(torch.tensor([[0.25, 8.0], [0.75, 8.0]]))
    torch.testing.assert_close(factors, torch.tensor([[1.0, 0.5], [1.0, 0.5]]), rtol=1e-5, atol=0)


def test_clipping_per_layer_shortens_each_layer_by_itself():
    factors = PerLayerClipping(2.0).coefficients(torch.tensor([[1.0], [8.0]]))
    torch.testing.assert_close(factors, torch.tensor([[1.0], [0.5]]), rtol=1e-5, atol=0)


def test_adaptive_clipping_finds_the_median_of_the_norms():
    norms, noise = torch.linspace(0.1, 9.9, 500), GaussianNoise(1)
    clipping = AdaptiveClipping(0.1, 500)
    for _ in range(200):
        clipping.update(norms.square().unsqueeze(0), lambda count, deviation: count + noise.draw(deviation))
    assert abs(clipping.bound - 5.0) < 0.5


def test_adaptive_clipping_pays_for_its_count_with_more_noise_on_the_gradient():
    clipping = AdaptiveClipping(1.0, 100)  # deviation 5 on a count of sensitivity 1/2
    raised = clipping.gradient_noise(2.0)
    assert raised > 2.0
    assert math.isclose(1 / raised**2 + (0.5 / 5.0) ** 2, 1 / 2.0**2)
    assert clipping.gradient_noise(0.0) == 0.0
    assert FlatClipping(1.0).gradient_noise(2.0) == 2.0


def test_adaptive_clipping_on_tiny_batches_is_refused():
    with pytest.raises(SpecError, match="counting"):
        AdaptiveClipping(1.0, 4).gradient_noise(1.0)
