"""Each corruption against what it is known to do; strengths are compared with each other."""

import io

import numpy as np
import pytest
from assay.audits.robustness.corruptions import blur, digital, noise, weather
from assay.audits.robustness.corruptions.kinds import FAMILIES, KINDS, SEVERITIES, corrupt
from PIL import Image
from sklearn.datasets import load_digits

SHAPES = [(1, 8, 8), (3, 32, 32), (3, 17, 12), (2, 9, 9)]


def draw(shape, count=4, seed=0):
    return np.random.default_rng(seed).random((count, *shape))


def rng():
    return np.random.default_rng(0)


def test_there_are_the_fifteen_kinds_of_the_paper():
    assert {family: len(kinds) for family, kinds in FAMILIES.items()} == {
        "noise": 3, "blur": 4, "weather": 4, "digital": 4,
    }  # fmt: skip
    assert len(KINDS) == 15


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_any_shape_gives_bytes_of_the_same_shape_and_the_seed_decides(kind, shape):
    images = draw(shape)
    before = images.copy()
    for severity in SEVERITIES:
        made = corrupt(images, kind, severity, 0)
        assert made.dtype == np.uint8
        assert made.shape == images.shape
        np.testing.assert_array_equal(made, corrupt(images, kind, severity, 0))
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "pixelate"])
def test_a_greater_severity_changes_more(kind):
    images = load_digits().images[:200, None] / 16
    far = [np.abs(corrupt(images, kind, severity, 0) / 255 - images).mean() for severity in SEVERITIES]
    assert far == sorted(far)
    assert far[0] > 0.005


def test_pixels_are_coarser_at_a_greater_severity():
    images = draw((1, 24, 24), count=1)
    levels = [len(np.unique(digital.pixelate(images, severity, rng()))) for severity in SEVERITIES]
    assert levels == sorted(levels, reverse=True)
    assert levels == [18**2, 14**2, 12**2, 10**2, 7**2]


def test_gaussian_noise_has_the_paper_s_deviation_and_no_mean():
    flat = np.full((1, 1, 200, 200), 0.5)
    for severity, deviation in zip(SEVERITIES, (0.08, 0.12, 0.18, 0.26, 0.38), strict=True):
        added = noise.gaussian_noise(flat, severity, rng()) - flat
        assert added.std() == pytest.approx(deviation, rel=0.02)
        assert abs(added.mean()) < 0.01


def test_shot_noise_is_poisson():
    flat = np.full((1, 1, 300, 300), 0.5)
    for severity, photons in zip(SEVERITIES, (60, 25, 12, 5, 3), strict=True):
        made = noise.shot_noise(flat, severity, rng())
        assert made.mean() == pytest.approx(0.5, rel=0.02)
        assert made.var() == pytest.approx(0.5 / photons, rel=0.03)


def test_impulse_noise_breaks_the_share_that_it_says_half_black_half_white():
    made = noise.impulse_noise(np.full((1, 1, 300, 300), 0.5), 5, rng())
    assert np.mean(made == 0) == pytest.approx(0.135, abs=0.005)
    assert np.mean(made == 1) == pytest.approx(0.135, abs=0.005)


@pytest.mark.parametrize("kind", [blur.defocus_blur, blur.glass_blur, blur.motion_blur, blur.zoom_blur,
                                  digital.pixelate, digital.elastic, digital.contrast])  # fmt: skip
def test_a_flat_picture_has_nothing_to_blur_or_warp(kind):
    flat = np.full((3, 2, 16, 16), 0.3)
    np.testing.assert_allclose(kind(flat, 5, rng()), flat, atol=1e-9)


def test_a_disk_spreads_a_point_evenly_around_it():
    point = np.zeros((1, 1, 33, 33))
    point[0, 0, 16, 16] = 1
    made = blur.defocus_blur(point, 3, rng())[0, 0]
    assert made.sum() == pytest.approx(1)
    np.testing.assert_allclose(made, made.T)
    np.testing.assert_allclose(made, made[::-1])
    y, x = np.nonzero(made > 0)
    assert np.hypot(y - 16, x - 16).max() <= 0.1 * 33 + 0.5


def test_a_smeared_point_is_a_line_of_its_length():
    point = np.zeros((16, 1, 33, 33))
    point[:, 0, 16, 16] = 1
    made = blur.smear(point, 8.0, rng())
    for image in made[:, 0]:
        assert image.sum() == pytest.approx(1)
        y, x = np.nonzero(image > 0.01)
        assert np.hypot(y - 16, x - 16).max() == pytest.approx(4, abs=1.5)


def test_contrast_and_brightness_are_closed_forms():
    images = draw((3, 8, 8))
    mean = images.mean(axis=(2, 3), keepdims=True)
    np.testing.assert_allclose(digital.contrast(images, 4, rng()), mean + 0.1 * (images - mean))
    np.testing.assert_allclose(weather.brightness(images, 2, rng()), images + 0.2)


def test_pixelate_takes_the_mean_of_each_cell():
    images = draw((1, 8, 8), count=1)
    means = images.reshape(1, 1, 4, 2, 4, 2).mean(axis=(3, 5))
    np.testing.assert_allclose(digital.pixelate(images, 3, rng()), means.repeat(2, axis=2).repeat(2, axis=3))


def test_jpeg_is_what_pillow_stores():
    images = draw((3, 16, 16), count=2)
    file = io.BytesIO()
    whole = (images[1].transpose(1, 2, 0) * 255 + 0.5).astype(np.uint8)
    Image.fromarray(whole).save(file, "JPEG", quality=7)
    expected = np.asarray(Image.open(file)).transpose(2, 0, 1)
    np.testing.assert_array_equal(corrupt(images, "jpeg", 5, 0)[1], expected)


def test_zooming_keeps_the_middle_and_spreads_the_edge():
    ramp = np.broadcast_to(np.linspace(0, 1, 17), (1, 1, 17, 17)).copy()
    made = blur.zoom_blur(ramp, 5, rng())[0, 0, 8]
    assert made[8] == pytest.approx(0.5)
    mean_factor = np.mean([1 / f for f in np.linspace(1, 1.26, 8)])
    np.testing.assert_allclose(made - 0.5, (ramp[0, 0, 8] - 0.5) * mean_factor, atol=1e-9)


def test_fog_keeps_the_brightest_value_in_bounds_and_takes_contrast():
    images = draw((1, 16, 16))
    made = weather.fog(images, 5, rng())
    assert made.max() <= images.max() + 1e-9
    assert made.std() < images.std()


def test_snow_only_lightens():
    images = draw((3, 16, 16))
    assert (weather.snow(images, 3, rng()) >= images - 1e-9).all()


def test_fractal_noise_fills_the_unit_range_of_every_image():
    made = weather.plasma((5, 3, 20, 12), 0.6, rng())
    assert made.shape == (5, 1, 20, 12)
    np.testing.assert_allclose(made.min(axis=(1, 2, 3)), 0)
    np.testing.assert_allclose(made.max(axis=(1, 2, 3)), 1)
