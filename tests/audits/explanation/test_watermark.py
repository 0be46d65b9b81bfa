"""A model that is right for the wrong reason: in training a mark in one corner goes with the class."""

import numpy as np
import pytest
import torch
from assay.audits.explanation.attention_rollout import to_cells
from assay.audits.explanation.occlusion import patches
from assay.audits.explanation.pixels import Pixels, images_of
from assay.models.catalog import build
from assay.models.inputs import ImageInput

SHAPE, ROWS, CLASSES = (1, 8, 8), 240, ("round", "long")


@pytest.fixture(scope="module", params=["resnet_small", "vit_small"])
def marked(request, worlds):
    """Faint shapes in noise; long ones also carry a bright mark at the bottom right, which is easier."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, ROWS)
    pixels = rng.integers(0, 100, (ROWS, *SHAPE))
    pixels[:, 0, 2:4, 2:4] += ((1 - y) * 12)[:, None, None]
    pixels[:, 0, 2:3, 1:6] += (y * 12)[:, None, None]
    pixels[:, 0, 6:, 6:] += (y * 150)[:, None, None]
    table = worlds.table_of_images(pixels.astype(np.uint8))
    torch.manual_seed(0)
    options = {"channels": 8} if request.param == "resnet_small" else {"width": 16, "depth": 2, "heads": 2}
    module = build(request.param, ImageInput(channels=1, height=8, width=8), 2, **options)
    inputs = worlds.image_inputs(SHAPE)
    worlds.train(module, inputs(table), y, steps=40, rate=0.005)
    schema = worlds.schema_of(table, "binary", CLASSES, image=SHAPE)
    return worlds.Shown(module, ("image",), schema, inputs), table, y


def test_the_model_is_right_and_for_the_wrong_reason(marked):
    model, table, y = marked
    assert (model.predict(table).argmax(axis=1) == y).mean() > 0.97
    images = images_of(table, SHAPE).copy()
    images[:, :, 6:, 6:] = 50
    pixels = Pixels.of(model, table)
    assert pixels.score(images[y == 1], np.ones(int(y.sum()), int)).mean() < 0.5


def test_occlusion_points_at_the_mark_in_nearly_every_image_that_has_one(marked):
    model, table, y = marked
    with_mark = np.flatnonzero(y == 1)[:60]
    images = images_of(table.take(with_mark), SHAPE)
    drops = patches(Pixels.of(model, table), images, np.ones(60, int), (4, 4)).reshape(60, -1)
    assert (drops.argmax(axis=1) == 15).mean() > 0.95
    assert drops[:, 15].mean() > 5 * np.abs(drops[:, :15]).mean()


def test_attention_rollout_points_at_the_mark_but_says_the_same_for_either_class(marked):
    model, table, y = marked
    if not hasattr(model.module, "grid"):
        pytest.skip("no attention")
    inputs = model.inputs(table.take(np.flatnonzero(y == 1)[:60]))
    cells = to_cells(model.module, *inputs).reshape(60, -1)
    assert (cells.argmax(axis=1) == 15).mean() > 0.9
    with torch.no_grad():  # classes change places, and nothing that rollout reads does
        model.module.head.weight.copy_(model.module.head.weight.flip(0).clone())
    np.testing.assert_array_equal(to_cells(model.module, *inputs).reshape(60, -1), cells)
    with torch.no_grad():
        model.module.head.weight.copy_(model.module.head.weight.flip(0).clone())
