"""The spread of representations."""

import pytest
import torch
from assay.models.collapse import feature_std


@pytest.mark.parametrize("width", [16, 256])
def test_directions_spread_evenly_give_one_at_any_width(width):
    features = torch.randn(4000, width, generator=torch.Generator().manual_seed(0))
    assert feature_std(features).item() == pytest.approx(1.0, abs=0.02)


def test_equal_directions_give_zero_however_long_they_are():
    features = torch.rand(50, 1) * torch.randn(1, 32) + 0.0
    assert feature_std(features).item() == pytest.approx(0.0, abs=1e-5)
