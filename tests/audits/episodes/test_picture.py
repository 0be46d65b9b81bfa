"""The picture of an episode shows each image in its place, and which answers were wrong."""

import numpy as np
from assay.audits.episodes.picture import draw
from PIL import Image


def test_wrong_answers_have_the_thick_frame_and_every_image_is_where_it_belongs(tmp_path):
    way, shot, queries = 3, 2, 4
    shades = np.linspace(0.2, 0.9, way * (shot + queries)).reshape(way, shot + queries)
    tiles = np.broadcast_to(shades[..., None, None, None], (way, shot + queries, 1, 10, 10))
    right = np.random.default_rng(0).random((way, queries)) < 0.5
    draw(tiles[:, :shot], tiles[:, shot:], right, tmp_path / "episode.png")
    sheet = np.asarray(Image.open(tmp_path / "episode.png").convert("RGB")).astype(int)
    step = 40 + 2 * 3 + 3
    for row in range(way):
        for place in range(shot + queries):
            left = place * step + (18 if place >= shot else 0)
            cell = sheet[row * step : row * step + 46, left : left + 46]
            assert abs(cell[23, 23] - 255 * shades[row, place]).max() < 6
            red = (cell[0, :, 0] > 120) & (cell[0, :, 1] < 90)
            assert red.all() == (place >= shot and not right[row, place - shot])


def test_photographs_keep_their_colours(tmp_path):
    photo = np.zeros((2, 1, 3, 90, 120))
    photo[:, :, 2] = 1.0
    draw(photo, photo, np.ones((2, 1), dtype=bool), tmp_path / "episode.png")
    sheet = np.asarray(Image.open(tmp_path / "episode.png").convert("RGB"))
    assert sheet[23, 23].tolist() == [0, 0, 255]
