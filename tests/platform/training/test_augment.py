"""Views by name, from the section that asks for them to the weights."""

from hashlib import sha256

import pytest
from assay.platform.augmentation.config import ContrastiveViewConfig, ViewConfig
from assay.platform.exceptions import CombinationError

MIRRORED = ViewConfig(flip="horizontal", crop=0.6)


def digest(folder):
    return sha256((folder / "weights/model.safetensors").read_bytes()).hexdigest()


def test_training_sees_the_views_that_are_named(trained, pictures):
    settings = {"model": "resnet_small", "epochs": 1}
    named, again, plain, none = (
        digest(trained(pictures, augment=augment, **settings)[0])
        for augment in (MIRRORED, MIRRORED, True, False)
    )
    assert named == again
    assert len({named, plain, none}) == 3


def test_the_defaults_by_name_are_the_defaults(trained, pictures):
    settings = {"model": "resnet_small", "epochs": 1}
    assert digest(trained(pictures, augment=ViewConfig(), **settings)[0]) == digest(
        trained(pictures, **settings)[0]
    )


def test_pretraining_contrasts_the_views_that_are_named(pretrained, pictures):
    settings = {"model": "resnet_small", "method": "simclr", "epochs": 1}
    named = pretrained(pictures, augment=ContrastiveViewConfig(flip="both"), **settings)[0]
    assert digest(named) != digest(pretrained(pictures, **settings)[0])


def test_views_that_nobody_looks_at_are_refused(trained, pretrained, tabular, pictures):
    with pytest.raises(CombinationError, match=r"(?s)train\.augment.*tabular"):
        trained(tabular, augment=MIRRORED)
    with pytest.raises(CombinationError, match=r"(?s)pretrain\.augment.*scarf"):
        pretrained(tabular, method="scarf", augment=ContrastiveViewConfig(flip="both"))
    body = pretrained(pictures, model="resnet_small", method="simclr", epochs=1)[0]
    with pytest.raises(CombinationError, match="head alone"):
        trained(pictures, model="resnet_small", pretrained=body, mode="linear_probe", augment=MIRRORED)


def test_colours_of_grey_images_are_refused(trained, pretrained, pictures):
    with pytest.raises(CombinationError, match="saturation"):
        trained(pictures, model="resnet_small", augment=ViewConfig(saturation=0.3))
    with pytest.raises(CombinationError, match="saturation"):
        pretrained(
            pictures, model="resnet_small", method="simclr", augment=ContrastiveViewConfig(saturation=0.3)
        )
