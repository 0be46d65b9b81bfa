"""Grad-CAM against the paper's formula, worked out without captum."""

import numpy as np
import torch
from assay.audits.explanation.grad_cam import heat, normalized
from torch import nn


class Tiny(nn.Module):
    """Two filters, maps, average pooling, a linear head: ∂y_c/∂A^k is head[c, k] / (h · w) everywhere."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3, padding=1)
        self.maps = nn.Identity()
        self.head = nn.Linear(2, 3)

    def forward(self, images):
        return self.head(self.maps(self.conv(images).relu()).mean(dim=(2, 3)))


def test_heat_is_the_papers_formula_worked_out_by_hand():
    torch.manual_seed(0)
    network, images, target = Tiny(), torch.randn(5, 1, 6, 6), torch.tensor([0, 1, 2, 0, 1])
    with torch.no_grad():
        maps = network.conv(images).relu()  # (5, 2, 6, 6)
        alpha = network.head.weight[target] / 36  # (5, 2)
        expected = (alpha[:, :, None, None] * maps).sum(dim=1).relu()
    np.testing.assert_allclose(heat(network, images, target), expected.numpy(), atol=1e-7)


def test_frozen_weights_are_explained_all_the_same():
    torch.manual_seed(0)
    network, images, target = Tiny(), torch.randn(2, 1, 6, 6), torch.zeros(2, dtype=torch.int64)
    free = heat(network, images, target)
    np.testing.assert_array_equal(heat(network.requires_grad_(False), images, target), free)


def test_a_normalized_map_peaks_at_one_and_a_map_of_zeros_stays_zero():
    maps = np.stack([np.arange(4.0).reshape(2, 2), np.zeros((2, 2))])
    found = normalized(maps)
    assert found[0].max() == 1
    assert not found[1].any()
