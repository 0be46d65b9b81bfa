"""Noise: of the sensor, of few photons, of broken pixels.

Hendrycks & Dietterich, "Benchmarking neural network robustness to common corruptions and perturbations"
(2019), section 4.1, https://arxiv.org/abs/1903.12261. Strengths are those of ImageNet-C: noise has no size.
Every function takes `(n, channels, height, width)` in [0, 1], a severity from 1 to 5 and a generator.
"""

import numpy as np

__all__ = ["gaussian_noise", "impulse_noise", "shot_noise"]

_DEVIATION = (0.08, 0.12, 0.18, 0.26, 0.38)
_PHOTONS = (60, 25, 12, 5, 3)
_BROKEN = (0.03, 0.06, 0.09, 0.17, 0.27)


def gaussian_noise(images: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    """Normal noise on every value: poor light."""
    return images + _DEVIATION[severity - 1] * rng.standard_normal(images.shape)


def shot_noise(images: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    """Poisson noise: light comes in photons."""
    photons = _PHOTONS[severity - 1]
    return rng.poisson(images * photons) / photons


def impulse_noise(images: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    """A share of the values black or white, half each: bit errors."""
    drawn, share = rng.random(images.shape), _BROKEN[severity - 1]
    return np.where(drawn < share / 2, 0.0, np.where(drawn < share, 1.0, images))
