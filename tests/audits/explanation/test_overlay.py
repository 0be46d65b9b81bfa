"""Pictures: legible, small, and readable in black and white."""

import numpy as np
import pytest
from assay.audits.explanation.overlay import SIDE, colour, draw
from PIL import Image


def test_the_colours_grow_lighter_all_the_way():
    levels = colour(np.linspace(0, 1, 256))
    lightness = levels @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(lightness) > 0).all()


@pytest.mark.parametrize(
    "shape", [(1, 8, 8), (3, 32, 32), (3, 32, 24), (1, 1, 1), (1, 600, 300), (4, 10, 10)]
)
def test_a_picture_is_the_image_beside_the_lit_image(shape, tmp_path):
    image = np.random.default_rng(0).random(shape)
    draw(image, np.eye(4), tmp_path / "x.png")
    with Image.open(tmp_path / "x.png") as picture:
        width, height = picture.size
    assert height <= SIDE
    assert width <= 2 * SIDE + 4
    assert max(width / 2, height) > 0.6 * SIDE
    assert (tmp_path / "x.png").stat().st_size < 30_000


def test_heat_lights_the_place_where_it_is(tmp_path):
    heat = np.zeros((4, 4))
    heat[0, 3] = 1  # top right
    draw(np.zeros((1, 8, 8)), heat, tmp_path / "x.png")
    with Image.open(tmp_path / "x.png") as picture:
        lit = np.asarray(picture.convert("L"), float)[:, -SIDE:]
    top_right = lit[: SIDE // 4, -SIDE // 4 :].mean()
    assert top_right > 2 * lit[SIDE // 2 :, : SIDE // 2].mean()
    assert top_right > lit.mean()
