"""Omniglot: characters of eight alphabets, each drawn once by twenty people.

Lake, Salakhutdinov & Tenenbaum, "Human-level concept learning through probabilistic program induction",
Science (2015), https://doi.org/10.1126/science.aab3050, MIT; see `omniglot/ATTRIBUTION.md`.
"""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa
from PIL import Image

from ..reading import Reading

_FOLDER = Path(__file__).parent / "omniglot"

ARCHIVES = ("images_background_small1.zip", "images_background_small2.zip")

SIDE = 28
"""Pixels of 105 are averaged to these, as few-shot learning is compared on (Vinyals et al. 2016, 4.1.1)."""

ROLES = {
    "alphabet": ("ignored", "it is known wherever the character is known"),
    "drawer": ("ignored", "who drew it, which a new drawing doesn't say"),
}

HARMS = (
    "The drawers copied printed characters on screen and were paid for it: most don't write these alphabets.",
    "Drawers are numbered within an alphabet: whether drawer 1 of two alphabets is one person isn't known.",
)


def read(scratch: Path) -> Reading:
    """4,840 images, ink 255 on paper 0; Greek and Latin are in both archives and are read once."""
    drawings = dict(drawing for name in reversed(ARCHIVES) for drawing in _drawings(_FOLDER / name))
    kept = sorted(drawings)
    pixels = np.stack([drawings[key] for key in kept])  # (4840, 28, 28)
    alphabets, characters, drawers = zip(*kept, strict=True)
    image = pa.FixedSizeListArray.from_arrays(pa.array(pixels.ravel()), SIDE * SIDE)
    return Reading(
        table=pa.table(
            {
                "image": image,
                "character": _within(alphabets, characters),
                "alphabet": pa.array(alphabets),
                "drawer": _within(alphabets, [f"drawer{number}" for number in drawers]),
            }
        ),
        modality="image",
        image=(1, SIDE, SIDE),
        target="character",
        roles=ROLES,
        harms=HARMS,
        notes=(f"105 x 105 pixels were averaged to {SIDE} x {SIDE}",),
    )


def _drawings(archive: Path) -> Iterator[tuple[tuple[str, str, str], np.ndarray]]:
    """`((alphabet, character, drawer), (28, 28) uint8)` of every image."""
    with zipfile.ZipFile(archive) as files:
        for name in files.namelist():
            path = PurePosixPath(name)
            if path.suffix == ".png":
                image = Image.open(io.BytesIO(files.read(name))).convert("L")
                grey = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX))
                yield (path.parts[1], path.parts[2], path.stem.partition("_")[2]), 255 - grey


def _within(alphabets: tuple[str, ...], names: list[str] | tuple[str, ...]) -> pa.Array:
    """Characters and drawers are numbered within an alphabet, so both are named with it."""
    return pa.array([f"{alphabet} {name}" for alphabet, name in zip(alphabets, names, strict=True)])
