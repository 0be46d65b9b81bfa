"""Changes of brightness, erasing, and the two recipes."""

from functools import partial

import numpy as np
import pytest
import torch
from assay.platform.augmentation.config import ContrastiveViewConfig, ViewConfig
from assay.platform.augmentation.erasing import random_erasing
from assay.platform.augmentation.intensity import random_contrast, random_noise, random_saturation
from assay.platform.augmentation.views import light_view, random_view, view_of
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

contrastive_view = partial(random_view, config=ContrastiveViewConfig())


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(40, 3, 16, 12, generator=seeded(9))


@pytest.mark.parametrize("view", [contrastive_view, light_view])
def test_a_view_has_the_images_form_and_follows_the_generator_alone(images, view):
    before = images.clone()
    first, again, other = view(images, seeded(1)), view(images, seeded(1)), view(images, seeded(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert (first.shape, first.dtype) == (images.shape, images.dtype)
    assert torch.isfinite(first).all()
    assert torch.equal(images, before), "the rows themselves must stay as they are"


@pytest.mark.parametrize("view", [contrastive_view, light_view])
def test_every_image_has_draws_of_its_own(view):
    same = torch.rand(1, 1, 8, 8, generator=seeded()).expand(20, 1, 8, 8).contiguous()
    views = view(same, seeded())
    assert len({tuple(image.flatten().tolist()) for image in views}) == 20


@pytest.mark.parametrize("view", [contrastive_view, light_view])
def test_an_image_without_content_has_finite_views(view):
    assert torch.isfinite(view(torch.zeros(4, 1, 8, 8), seeded())).all()


def test_a_light_view_changes_less_than_a_contrastive_one(images):
    light, strong = (
        (view(images, seeded()) - images).square().mean() for view in (light_view, contrastive_view)
    )
    assert light < strong


@settings(deadline=None)
@given(scale=st.floats(0.01, 100), offset=st.floats(-10, 10))
def test_views_do_not_depend_on_how_pixels_were_scaled(scale, offset):
    images = torch.rand(6, 1, 8, 8, generator=seeded(3), dtype=torch.float64)
    plain = contrastive_view(images, seeded(4))
    changed = contrastive_view(scale * images + offset, seeded(4))
    torch.testing.assert_close(changed, scale * plain + offset, rtol=1e-6, atol=1e-6)


def test_contrast_stretches_about_the_mean_and_brightness_moves_it(images):
    stretched = random_contrast(images, seeded(), contrast=0.5, brightness=0.0)
    torch.testing.assert_close(stretched.mean((2, 3)), images.mean((2, 3)))
    ratio = stretched.std((2, 3)) / images.std((2, 3))
    assert 0.5 <= ratio.min() < 0.6
    assert 1.4 < ratio.max() <= 1.5
    moved = random_contrast(images, seeded(), contrast=0.0, brightness=0.5)
    torch.testing.assert_close(moved.std((2, 3)), images.std((2, 3)))
    away = (moved - images).mean((2, 3)) / images.std((1, 2, 3), correction=0)[:, None]
    assert 0.4 < away.abs().max() <= 0.5 + 1e-5


def test_noise_has_the_share_of_the_images_own_spread(images):
    noise = random_noise(10 * images, seeded(), amount=0.2) - 10 * images
    expected = 0.2 * (10 * images).std((1, 2, 3), correction=0)
    assert abs(noise.mean()) < 0.02
    torch.testing.assert_close(noise.std((1, 2, 3)), expected, rtol=0.1, atol=0)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000), low=st.floats(0.1, 0.4), more=st.floats(0.0, 0.4))
def test_what_is_erased_is_one_rectangle_of_the_sides_asked_for(seed, low, more):
    images = torch.rand(8, 1, 20, 30, generator=seeded(seed))
    erased = random_erasing(images, seeded(seed), probability=1.0, side=(low, low + more))
    for image, before in zip(erased[:, 0], images[:, 0], strict=True):
        hidden = image != before
        rows, columns = hidden.any(1).nonzero().flatten(), hidden.any(0).nonzero().flatten()
        height, width = int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1
        assert hidden.sum() == height * width, "a full rectangle"
        assert 20 * low - 1 <= height <= 20 * (low + more) + 1
        assert 30 * low - 1 <= width <= 30 * (low + more) + 1
        assert torch.all(image[hidden] == before.mean())


def test_erasing_strikes_the_share_of_images_asked_for():
    images = torch.rand(4000, 1, 8, 8, generator=seeded())
    erased = random_erasing(images, seeded(), probability=0.3, side=(0.3, 0.5))
    share = (erased != images).flatten(1).any(1).double().mean()
    assert share == pytest.approx(0.3, abs=0.03)


def test_saturation_is_pillows_colour_enhancement():
    pixels = torch.randint(0, 256, (1, 3, 6, 7), generator=seeded(5)).float()
    view = random_saturation(pixels, seeded(6), saturation=0.9)
    luma = (pixels * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)
    gain = float((view - luma)[0, 0, 0, 0] / (pixels - luma)[0, 0, 0, 0])
    assert 0.1 <= gain <= 1.9
    image = Image.fromarray(pixels[0].permute(1, 2, 0).byte().numpy())
    expected = np.asarray(ImageEnhance.Color(image).enhance(gain), dtype=np.float32)
    found = view[0].permute(1, 2, 0).clamp(0, 255).numpy()
    assert np.abs(found - expected).max() <= 2, "Pillow rounds its grey and its result"


def test_saturation_moves_colours_and_leaves_grey_as_it_is():
    grey = torch.rand(4, 1, 5, 5, generator=seeded(7)).expand(4, 3, 5, 5)
    torch.testing.assert_close(random_saturation(grey, seeded(8), saturation=1.0), grey)
    colours = torch.rand(300, 3, 5, 5, generator=seeded(9))
    views = random_saturation(colours, seeded(10), saturation=0.5)
    spread, before = ((x - x.mean(1, keepdim=True)).flatten(1).norm(dim=1) for x in (views, colours))
    ratio = spread / before
    assert ratio.min() < 0.7
    assert ratio.max() > 1.3


def test_a_recipe_by_name_is_what_is_asked_for(images):
    assert view_of(False) is None
    recipe = ViewConfig(flip="vertical", crop=0.5, saturation=0.5, erase=1.0, noise=0.2)
    found = view_of(recipe)
    assert found is not None
    assert torch.equal(found(images, seeded(1)), random_view(images, seeded(1), config=recipe))
    assert not torch.equal(found(images, seeded(1)), light_view(images, seeded(1)))


def test_the_views_by_default_are_the_recipes_defaults(images):
    found = view_of(True)
    assert found is not None
    assert torch.equal(found(images, seeded(1)), random_view(images, seeded(1), config=ViewConfig()))
