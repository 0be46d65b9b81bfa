"""Drawings of two dozen made-up signs, as a dataset artifact whose signs don't cross splits."""

from pathlib import Path

import numpy as np
import pytest
from assay.platform.data.config import DataConfig, SplitConfig
from assay.platform.data.ingest import ingest
from PIL import Image

SIGNS, DRAWINGS = 24, 8


@pytest.fixture(scope="session")
def signs(tmp_path_factory) -> Path:
    """24 signs of 12 × 12 pixels, 8 drawings each: random blocks with noise; 14, 5 and 5 of them a split."""
    folder, out = tmp_path_factory.mktemp("signs"), tmp_path_factory.mktemp("dataset")
    rng = np.random.default_rng(0)
    for sign in range(SIGNS):
        ink = np.kron(rng.integers(0, 2, (4, 4)), np.ones((3, 3)))
        (folder / f"sign{sign:02d}").mkdir()
        for drawing in range(DRAWINGS):
            grey = np.clip(255 * (0.8 * ink + 0.2 * rng.random((12, 12))), 0, 255).astype(np.uint8)
            Image.fromarray(grey).save(folder / f"sign{sign:02d}" / f"{drawing}.png")
    config = DataConfig(source=f"imagefolder:{folder}", split=SplitConfig(test=0.2, validation=0.2))
    ingest(config, out=out, classes_apart=True)
    return out
