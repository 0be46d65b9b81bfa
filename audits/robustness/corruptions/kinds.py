"""The 15 corruptions, as a literal table, and how one is done to a batch of images."""

from collections.abc import Callable

import numpy as np

from .blur import defocus_blur, glass_blur, motion_blur, zoom_blur
from .digital import contrast, elastic, jpeg, pixelate
from .noise import gaussian_noise, impulse_noise, shot_noise
from .weather import brightness, fog, frost, snow

__all__ = ["FAMILIES", "KINDS", "SEVERITIES", "corrupt"]

SEVERITIES = (1, 2, 3, 4, 5)

Corruption = Callable[[np.ndarray, int, np.random.Generator], np.ndarray]

FAMILIES: dict[str, dict[str, Corruption]] = {
    "noise": {
        "gaussian_noise": gaussian_noise,
        "shot_noise": shot_noise,
        "impulse_noise": impulse_noise,
    },
    "blur": {
        "defocus_blur": defocus_blur,
        "glass_blur": glass_blur,
        "motion_blur": motion_blur,
        "zoom_blur": zoom_blur,
    },
    "weather": {"snow": snow, "frost": frost, "fog": fog, "brightness": brightness},
    "digital": {"contrast": contrast, "elastic": elastic, "pixelate": pixelate, "jpeg": jpeg},
}
KINDS = {name: corruption for family in FAMILIES.values() for name, corruption in family.items()}


def corrupt(images: np.ndarray, kind: str, severity: int, seed: int) -> np.ndarray:
    """Corrupted images as bytes; the same arguments give the same bytes.

    Args:
        images: `(n, channels, height, width)` in [0, 1].
        kind: a key of `KINDS`.
        severity: 1 to 5.
        seed: of the whole audit.

    Returns:
        `(n, channels, height, width)` uint8.
    """
    rng = np.random.default_rng((seed, list(KINDS).index(kind), severity))
    return (np.clip(KINDS[kind](images, severity, rng), 0, 1) * 255 + 0.5).astype(np.uint8)
