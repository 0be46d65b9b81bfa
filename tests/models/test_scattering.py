"""Wavelets against their closed form, maps against Kymatio's, and what a fixed body promises."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from assay.models.inputs import ImageInput
from assay.models.morlet import cropped, low_pass, wavelets
from assay.models.scattering import Scattering, ScatteringTransform
from hypothesis import given, settings
from hypothesis import strategies as st

#: Images and maps of kymatio 0.3.0 (`Scattering2D(J, (height, width), L=L)` on uniform noise, seed 0), its
#: arrays named by J, L, height and width. It takes 3.1415 for π, so its filters are 3e-5 too large.
REFERENCE = np.load(Path(__file__).with_name("scattering_reference.npz"))
CASES = [tuple(map(int, name.split("_")[1:])) for name in REFERENCE if name.startswith("maps")]


def images(seed: int, *shape: int) -> torch.Tensor:
    """Noise."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def spectrum_by_hand(height, width, sigma, slant, theta, xi):
    """Of a sampled Morlet wavelet: a Gaussian around the wave, less β at zero, aliases added."""
    gaussian = torch.zeros(2, height, width, dtype=torch.float64)
    for up in range(-3, 4):
        for left in range(-3, 4):
            y = 2 * math.pi * (torch.arange(height, dtype=torch.float64)[:, None] / height + up)
            x = 2 * math.pi * (torch.arange(width, dtype=torch.float64) / width + left)
            along, across = (
                y * math.cos(theta) + x * math.sin(theta),
                x * math.cos(theta) - y * math.sin(theta),
            )
            for place, centre in enumerate((xi, 0.0)):
                gaussian[place] += (-(sigma**2) / 2 * ((along - centre) ** 2 + (across / slant) ** 2)).exp()
    return gaussian[0] - gaussian[0, 0, 0] / gaussian[1, 0, 0] * gaussian[1]


@pytest.mark.parametrize(("scales", "angles", "height", "width"), CASES)
def test_maps_are_those_of_kymatio(scales, angles, height, width):
    name = f"{scales}_{angles}_{height}_{width}"
    transform = ScatteringTransform(height, width, scales=scales, angles=angles)
    found = transform(torch.from_numpy(REFERENCE[f"images_{name}"])[:, None])[:, 0]
    expected = torch.from_numpy(REFERENCE[f"maps_{name}"])
    assert found.shape == expected.shape
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("angles", [4, 8])
@pytest.mark.parametrize("scale", [0, 1, 2])
def test_wavelets_have_the_spectrum_of_their_formula(scale, angles):
    found = wavelets(40, 48, scale, angles)
    for turn, wavelet in enumerate(found):
        theta = (angles // 2 - 1 - turn) * math.pi / angles
        expected = spectrum_by_hand(40, 48, 0.8 * 2**scale, 4 / angles, theta, 0.75 * math.pi / 2**scale)
        torch.testing.assert_close(wavelet, expected, rtol=0, atol=1e-9)
    assert found[:, 0, 0].abs().max() < 1e-12


def test_the_low_pass_has_the_spectrum_of_its_formula():
    frequency = 2 * math.pi * torch.fft.fftfreq(40, dtype=torch.float64)
    expected = sum((-(1.6**2) / 2 * (frequency + 2 * math.pi * turn) ** 2).exp() for turn in range(-3, 4))
    torch.testing.assert_close(low_pass(40, 2), expected, rtol=0, atol=1e-9)


def test_a_cropped_filter_has_the_lower_frequencies():
    filters = torch.fft.fftfreq(16)[:, None] + 10 * torch.fft.fftfreq(8)
    halved = torch.fft.fftfreq(8)[:, None] / 2 + 10 * torch.fft.fftfreq(4) / 2
    assert torch.equal(cropped(filters, 1), halved)
    assert torch.equal(cropped(filters, 0), filters)


def test_a_flat_image_has_an_average_and_nothing_else():
    found = ScatteringTransform(16, 20, scales=2, angles=8)(torch.full((1, 1, 16, 20), 3.0))[0, 0]
    torch.testing.assert_close(found[0], torch.full((4, 5), 3.0), rtol=1e-4, atol=0)
    assert found[1:].abs().max() < 1e-5


def test_a_plane_wave_answers_most_to_the_wavelet_across_its_crests():
    # Crests along the rows: the wave runs down the image, as θ = 0 does, at the centre of scale 1.
    wave = torch.cos(0.375 * math.pi * torch.arange(32.0))[:, None].expand(1, 1, 32, 32)
    transform = ScatteringTransform(32, 32, scales=2, angles=8)
    first = transform(wave)[0, 0, 1:17, 2:-2, 2:-2].mean(dim=(1, 2)).unflatten(0, (2, 8))
    assert divmod(int(first.argmax()), 8) == (1, 3)
    torch.testing.assert_close(first[1, 2], first[1, 4], rtol=0.02, atol=0)  # π/8 to either side


def test_an_image_moved_by_a_pixel_of_the_maps_has_moved_maps():
    inside = torch.zeros(1, 1, 64, 64)
    inside[..., 24:40, 24:40] = images(0, 16, 16)
    transform = ScatteringTransform(64, 64, scales=2, angles=8)
    moved = transform(inside.roll((4, -8), dims=(2, 3)))
    torch.testing.assert_close(moved, transform(inside).roll((1, -2), dims=(3, 4)), rtol=0, atol=2e-5)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000), scales=st.sampled_from([1, 2]))
def test_a_transposed_image_has_transposed_maps_of_mirrored_angles(seed, scales):
    transform = ScatteringTransform(16, 16, scales=scales, angles=8)
    x = images(seed, 1, 1, 16, 16)
    first, other = (transform(y)[0, 0, 1 : 1 + 8 * scales] for y in (x, x.mT))
    mirrored = first.unflatten(0, (scales, 8))[:, [(2 - turn) % 8 for turn in range(8)]].flatten(0, 1)
    torch.testing.assert_close(other, mirrored.mT, rtol=1e-4, atol=1e-5)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000), factor=st.floats(0.1, 10))
def test_maps_grow_with_contrast_and_those_of_moduli_are_never_negative(seed, factor):
    transform, x = ScatteringTransform(8, 8, scales=1, angles=8), images(seed, 2, 1, 8, 8)
    found = transform(x)
    torch.testing.assert_close(transform(factor * x), factor * found, rtol=1e-4, atol=1e-4)
    assert found[:, :, 1:].min() > -1e-3


@pytest.mark.parametrize("scales", [1, 2, 3])
def test_filters_together_pass_on_no_more_energy_than_there_is(scales):
    """Littlewood-Paley, Bruna & Mallat (2013), section 2.1: from there follows that nothing is blown up."""
    waves = torch.cat([wavelets(64, 64, scale, 8) for scale in range(scales)]).square().sum(dim=0)
    opposite = waves.flip(0, 1).roll((1, 1), dims=(0, 1))
    smooth = low_pass(64, scales).square()
    assert (smooth[:, None] * smooth + (waves + opposite) / 2).max() < 1.02


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000), near=st.floats(0.01, 1))
def test_maps_differ_by_no_more_than_their_images(seed, near):
    transform, x = ScatteringTransform(16, 16, scales=2, angles=8), images(seed, 1, 1, 16, 16)
    smooth = torch.nn.functional.avg_pool2d(images(seed + 1, 1, 1, 16, 16), 5, stride=1, padding=2)
    y = x + near * smooth
    difference = (transform(x) - transform(y)).norm() * 2**2  # a pixel of the maps stands for 2^J × 2^J
    assert difference <= (x - y).norm()


def test_only_the_head_is_learned_and_stored():
    network = Scattering(ImageInput(channels=3, height=32, width=28), 10)
    assert network.fixed
    assert {name for name, _ in network.named_parameters()} == {"head.weight", "head.bias"}
    assert set(network.state_dict()) == {"head.weight", "head.bias"}
    assert network.width == 3 * 81 * 8 * 7
    assert network.norm.num_groups == 27


@pytest.mark.parametrize(
    ("side", "paths", "last"), [(8, 9, 4), (15, 9, 7), (16, 81, 4), (28, 81, 7), (32, 81, 8)]
)
def test_maps_are_halved_as_often_as_the_side_allows_and_twice_at_most(side, paths, last):
    network = Scattering(ImageInput(channels=1, height=side, width=side), 2)
    assert network.feature_maps(images(0, 2, 1, side, side)).shape == (2, paths, last, last)


def test_contrast_changes_no_prediction():
    network, x = Scattering(ImageInput(channels=1, height=28, width=28), 10), images(0, 4, 1, 28, 28)
    torch.testing.assert_close(network(50 * x), network(100 * x), rtol=1e-3, atol=1e-3)


def test_a_flat_image_has_a_gradient():
    network = Scattering(ImageInput(channels=1, height=8, width=8), 2)
    flat = torch.zeros(1, 1, 8, 8, requires_grad=True)
    network(flat).sum().backward()
    assert flat.grad is not None
    assert flat.grad.isfinite().all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"scales": 2}, "got 2 for images of 8×8"),
        ({"scales": 0}, "got 0"),
        ({"angles": 7}, "got 7 angles"),
        ({"groups": 0}, "0 groups"),
    ],
)
def test_what_leaves_no_maps_is_refused(options, said):
    with pytest.raises(ValueError, match=said):
        Scattering(ImageInput(channels=1, height=8, width=8), 2, **options)
