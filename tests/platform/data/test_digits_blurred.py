"""Blurred digits against scipy's uniform filter, and against the digits that they were made from."""

import numpy as np
from assay.platform.data import sources
from assay.platform.data.builtin.digits_blurred import blurred
from scipy.ndimage import uniform_filter


def test_each_pixel_is_the_mean_of_the_nine_around_it():
    pixels = np.random.default_rng(0).integers(0, 256, (5, 8, 8)).astype(np.uint8)
    expected = [uniform_filter(image.astype(float), 3, mode="constant") for image in pixels]
    assert np.abs(blurred(pixels) - np.array(expected)).max() <= 0.5 + 1e-9


def test_labels_and_shape_are_those_of_the_digits(tmp_path):
    sharp, soft = (sources.read(f"builtin:{name}", scratch=tmp_path) for name in ("digits", "digits_blurred"))
    assert soft.table["label"] == sharp.table["label"]
    assert (soft.image, soft.target, soft.modality) == (sharp.image, sharp.target, sharp.modality)
    assert soft.table["image"].type == sharp.table["image"].type
    assert any("builtin:digits" in note for note in soft.notes)
