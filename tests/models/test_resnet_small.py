"""The small residual network."""

import pytest
import torch
from assay.models.inputs import ImageInput
from assay.models.resnet_small import Block, ResNetSmall


@pytest.mark.parametrize(
    ("side", "last"), [(4, 4), (7, 7), (8, 4), (9, 5), (15, 4), (16, 4), (28, 7), (32, 8)]
)
def test_maps_are_halved_twice_at_most_and_never_below_4x4(side, last):
    network = ResNetSmall(ImageInput(channels=1, height=side, width=side), 2, channels=8).eval()
    assert network.feature_maps(torch.randn(1, 1, side, side)).shape == (1, 32, last, last)


def test_its_parameters_are_those_of_its_convolutions_norms_and_head():
    network = ResNetSmall(ImageInput(channels=3, height=32, width=32), 10, channels=16, blocks=2)
    stem = 3 * 16 * 9 + 2 * 16
    same = [2 * (9 * c * c + 2 * c) for c in (16, 32, 64)]
    wider = [9 * b * c + 9 * c * c + 4 * c + b * c + 2 * c for b, c in ((16, 32), (32, 64))]
    expected = stem + 2 * same[0] + wider[0] + same[1] + wider[1] + same[2] + 64 * 10 + 10
    assert sum(p.numel() for p in network.parameters()) == expected


def test_a_block_whose_last_norm_is_zero_passes_positive_maps_through():
    block, maps = Block(16, 16, 1), torch.rand(2, 16, 5, 5)
    torch.nn.init.zeros_(block.second_norm.weight)
    torch.testing.assert_close(block(maps), maps)


def test_channels_that_eight_does_not_divide_are_refused():
    with pytest.raises(ValueError, match="got 12, expected a multiple of 8"):
        ResNetSmall(ImageInput(channels=1, height=8, width=8), 2, channels=12)
