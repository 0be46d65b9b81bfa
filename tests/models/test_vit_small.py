"""The small vision transformer."""

import pytest
import torch
from assay.models.inputs import ImageInput
from assay.models.vit_small import ViTSmall, sine_cosine_positions


def image(height: int, width: int) -> ImageInput:
    """A grey image."""
    return ImageInput(channels=1, height=height, width=width)


@pytest.mark.parametrize(
    ("height", "width", "grid"),
    [(8, 8, (4, 4)), (28, 28, (7, 7)), (32, 32, (8, 8)), (16, 8, (8, 4)), (5, 7, (5, 7))],
)
def test_a_fitting_patch_is_chosen_from_the_image(height, width, grid):
    network = ViTSmall(image(height, width), 2)
    assert network.grid == grid
    assert network.feature_maps(torch.randn(2, 1, height, width)).shape == (2, 64, *grid)


@pytest.mark.parametrize("patch", [3, 4])
def test_a_patch_that_does_not_fit_is_refused(patch):
    with pytest.raises(ValueError, match=f"got {patch} for images of 8×8"):
        ViTSmall(image(8, 8), 2, patch=patch)


def test_a_map_s_place_is_the_patch_s_place():
    """Without attention between tokens, changing one patch changes one place of the maps."""
    network = ViTSmall(image(8, 8), 2, patch=2, depth=0).eval()
    images = torch.zeros(1, 1, 8, 8)
    changed = images.clone()
    changed[0, 0, 2:4, 6:8] = 1.0
    differs = (network.feature_maps(changed) != network.feature_maps(images)).any(dim=1)[0]
    assert differs.nonzero().tolist() == [[1, 3]]


def test_its_parameters_follow_the_paper():
    d, depth = 32, 2
    network = ViTSmall(image(8, 8), 10, patch=2, width=d, depth=depth)
    block = 4 * d * d + 4 * d + 8 * d * d + 5 * d + 4 * d  # attention, feed-forward, two norms
    expected = 4 * d + d + depth * block + 2 * d + d * 10 + 10
    assert sum(p.numel() for p in network.parameters()) == expected


def test_no_two_places_of_the_grid_have_the_same_position_vector():
    positions = sine_cosine_positions(8, 5, 16)
    distances = torch.cdist(positions, positions) + torch.eye(40) * 9
    assert positions.shape == (40, 16)
    assert distances.min() > 0.1


def test_the_first_position_is_the_origin_and_nearer_places_are_more_alike():
    positions = sine_cosine_positions(8, 8, 32)
    assert positions[0].tolist() == [0.0] * 8 + [1.0] * 8 + [0.0] * 8 + [1.0] * 8
    alike = (positions @ positions[0]).view(8, 8)
    assert (alike[0, 1:4].diff() < 0).all()
    torch.testing.assert_close(alike, alike.T)
