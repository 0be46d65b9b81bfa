"""Shifts, turns and zooms against exact and independent resampling."""

import math

import numpy as np
import pytest
import scipy.ndimage
import torch
import torch.nn.functional as F
from assay.platform.augmentation.affine import (
    affine_matrices,
    chained,
    crop_boxes,
    random_affine,
    sampling_grid,
)
from hypothesis import given, settings
from hypothesis import strategies as st


def warp(images: torch.Tensor, *, turn=0.0, zoom=1.0, shift=(0.0, 0.0)) -> torch.Tensor:
    """The same map for every image; the turn in degrees, the shift in pixels."""
    rows, (height, width) = len(images), images.shape[2:]
    away = torch.tensor([2 * shift[0] / width, 2 * shift[1] / height]).expand(rows, 2)
    matrices = affine_matrices(
        torch.full((rows,), math.radians(turn)), torch.full((rows,), zoom), away, aspect=width / height
    )
    grid = F.affine_grid(matrices, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="zeros", align_corners=False)


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(3, 2, 8, 8, generator=torch.Generator().manual_seed(0))


def test_nothing_changes_an_image_by_nothing(images):
    torch.testing.assert_close(warp(images), images, atol=1e-6, rtol=0)


@pytest.mark.parametrize(("right", "down"), [(1, 0), (0, 2), (-3, 1)])
def test_a_shift_by_whole_pixels_moves_the_content_that_way(images, right, down):
    expected = torch.zeros_like(images)
    for y in range(8):
        for x in range(8):
            if 0 <= y - down < 8 and 0 <= x - right < 8:
                expected[:, :, y, x] = images[:, :, y - down, x - right]
    torch.testing.assert_close(warp(images, shift=(right, down)), expected, atol=1e-5, rtol=0)


def test_a_quarter_turn_is_clockwise(images):
    expected = torch.rot90(images, -1, dims=(2, 3))
    torch.testing.assert_close(warp(images, turn=90), expected, atol=1e-5, rtol=0)


def test_a_half_turn_of_an_image_that_is_not_square_keeps_its_shape():
    images = torch.rand(2, 1, 4, 10)
    torch.testing.assert_close(warp(images, turn=180), images.flip(2, 3), atol=1e-5, rtol=0)


def test_a_quarter_turn_of_an_oblong_does_not_stretch_it():
    image = torch.zeros(1, 1, 8, 16)
    image[0, 0, 3:5, 4:12] = 1  # a bar of 2 by 8, lying
    upright = warp(image, turn=90)[0, 0]
    expected = torch.zeros(8, 16)
    expected[:, 7:9] = 1  # standing
    torch.testing.assert_close(upright, expected, atol=1e-5, rtol=0)


@settings(deadline=None, max_examples=25)
@given(turn=st.floats(-45, 45), zoom=st.floats(0.7, 1.5), right=st.floats(-2, 2), down=st.floats(-2, 2))
def test_any_of_them_together_is_what_scipy_resamples(turn, zoom, right, down):
    image = torch.rand(1, 1, 9, 9, generator=torch.Generator().manual_seed(1))
    angle, centre = math.radians(turn), 4.0
    # Output (y, x) takes from the input there where turning back, zooming out and shifting back lead.
    inverse = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]) / zoom
    padded = np.pad(image[0, 0].numpy().astype(np.float64), 6)  # so that scipy's border is far away
    offset = centre + 6 - inverse @ np.array([centre + down + 6, centre + right + 6])
    expected = scipy.ndimage.affine_transform(padded, inverse, offset=offset, order=1)[6:-6, 6:-6]
    found = warp(image, turn=turn, zoom=zoom, shift=(right, down))[0, 0].numpy()
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_draws_stay_inside_their_bounds_and_reach_them():
    """A single bright pixel in the middle moves by the shift alone."""
    images = torch.zeros(2000, 1, 33, 33)
    images[:, :, 16, 16] = 1
    generator = torch.Generator().manual_seed(0)
    views = random_affine(images, generator, shift=0.25, degrees=0, zoom=(1.0, 1.0))
    positions = torch.arange(33.0) - 16
    right = (views.sum(2)[:, 0] * positions).sum(1) / views.sum((1, 2, 3))
    assert right.abs().max() <= 33 * 0.25 + 1e-3
    assert right.max() > 33 * 0.24
    assert abs(right.mean()) < 0.3


STILL = {"shift": 0.0, "degrees": 0.0, "zoom": (1.0, 1.0)}


@settings(deadline=None, max_examples=40)
@given(least=st.floats(0.05, 0.99), seed=st.integers(0, 1000))
def test_a_crop_lies_inside_the_image_and_keeps_the_area_asked_for(least, seed):
    sides, centres = crop_boxes(200, least, torch.Generator().manual_seed(seed))
    assert (sides + centres.abs() <= 1 + 1e-6).all()
    # A box of three to four that would be longer than the image is cut to its length.
    area, ratio = sides.prod(1), sides[:, 0] / sides[:, 1]
    assert ((area >= least - 1e-6) | (sides == 1).any(1)).all()
    assert (area >= least * 0.75 - 1e-6).all()
    assert ((ratio > 0.749) & (ratio < 1.334)).all()


def test_a_crop_samples_where_its_box_says():
    images = torch.rand(1, 1, 10, 14, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    side, centre = (0.5, 0.7), (0.25, -0.2)
    identity = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    box = chained(identity, torch.tensor([side]), torch.tensor([centre])).double()
    grid = F.affine_grid(box, [1, 1, 10, 14], align_corners=False)
    found = F.grid_sample(images, grid, padding_mode="border", align_corners=False)
    rows, columns = np.mgrid[0:10, 0:14] + 0.5
    down = (centre[1] + side[1] * (2 * rows / 10 - 1) + 1) / 2 * 10 - 0.5
    across = (centre[0] + side[0] * (2 * columns / 14 - 1) + 1) / 2 * 14 - 0.5
    expected = scipy.ndimage.map_coordinates(images[0, 0].numpy(), [down, across], order=1, mode="nearest")
    np.testing.assert_allclose(found[0, 0].numpy(), expected, atol=1e-6)


@pytest.mark.parametrize(("flip", "axes"), [("horizontal", [3]), ("vertical", [2]), ("both", [2, 3])])
def test_a_coin_mirrors_each_image_along_the_axes_asked_for_and_no_other(flip, axes):
    images = torch.rand(400, 2, 6, 8, generator=torch.Generator().manual_seed(1))
    views = random_affine(images, torch.Generator().manual_seed(2), **STILL, flip=flip)
    ways = [[axis for axis in axes if chosen >> axis & 1] for chosen in range(16)]
    ways = [way for number, way in enumerate(ways) if way not in ways[:number]]
    hits = torch.stack([((views - images.flip(way)).abs() < 1e-5).flatten(1).all(1) for way in ways])
    assert (hits.sum(0) == 1).all(), "every view is its image or a mirror image of it"
    share = hits.double().mean(1)
    assert ((share - 1 / len(ways)).abs() < 0.1).all(), "each of them as often"


def test_what_is_left_out_draws_nothing():
    images = torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(3))
    plain = random_affine(images, torch.Generator().manual_seed(4), shift=0.1, degrees=9, zoom=(0.9, 1.1))
    named = random_affine(
        images, torch.Generator().manual_seed(4), shift=0.1, degrees=9, zoom=(0.9, 1.1), crop=1.0, flip="none"
    )
    assert torch.equal(plain, named)


@settings(deadline=None, max_examples=30)
@given(height=st.integers(1, 40), width=st.integers(1, 40), seed=st.integers(0, 1000))
def test_the_grid_is_torchs_affine_grid(height, width, seed):
    matrices = torch.randn(3, 2, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    expected = F.affine_grid(matrices, [3, 1, height, width], align_corners=False)
    torch.testing.assert_close(sampling_grid(matrices, height, width), expected)
