"""What a person may ask of views, and what is refused."""

import dataclasses

import pytest
from assay.platform.augmentation.config import ContrastiveViewConfig, ViewConfig, refuse_unfit_views
from assay.platform.exceptions import CombinationError, SpecError


@pytest.mark.parametrize(
    "wrong",
    [
        {"crop": 0.0},
        {"crop": 1.5},
        {"shift": -0.1},
        {"degrees": 181.0},
        {"zoom": (1.2, 0.9)},
        {"zoom": (0.0, 1.0)},
        {"contrast": 1.1},
        {"brightness": float("nan")},
        {"saturation": 2.0},
        {"erase": -1.0},
        {"noise": float("inf")},
    ],
)
def test_an_amount_out_of_range_is_refused_by_its_name(wrong):
    with pytest.raises(SpecError, match=rf"augment\.{next(iter(wrong))}"):
        ViewConfig(**wrong)


@pytest.mark.parametrize("kind", [ViewConfig, ContrastiveViewConfig])
def test_nothing_is_mirrored_cropped_or_recoloured_unless_asked_for(kind):
    found = kind()
    assert (found.flip, found.crop, found.saturation) == ("none", 1.0, 0.0)


def test_views_to_contrast_are_nowhere_weaker_than_those_that_keep_a_label():
    light, strong = dataclasses.asdict(ViewConfig()), dataclasses.asdict(ContrastiveViewConfig())
    for amount in ("shift", "degrees", "contrast", "brightness", "erase", "noise"):
        assert strong[amount] > light[amount]


def test_views_by_name_need_images_that_are_looked_at():
    for unasked in (True, False, ContrastiveViewConfig()):
        refuse_unfit_views("train", unasked, None, "tabular data")
    with pytest.raises(CombinationError, match="tabular data"):
        refuse_unfit_views("train", ViewConfig(flip="horizontal"), None, "tabular data")
    refuse_unfit_views("train", ViewConfig(flip="horizontal"), (1, 8, 8), "never")


def test_colours_need_three_channels():
    refuse_unfit_views("train", ViewConfig(saturation=0.2), (3, 8, 8), "never")
    with pytest.raises(CombinationError, match="saturation"):
        refuse_unfit_views("train", ViewConfig(saturation=0.2), (1, 8, 8), "never")
