"""Noisy means that a test says in one line."""

from collections.abc import Callable

import pytest
import torch
from assay.platform.federated.private.noisy_mean import NoisyMean
from assay.platform.privacy.clipping import FlatClipping
from assay.platform.privacy.noise import GaussianNoise

LIKES = {"weight": torch.zeros(30, 20), "bias": torch.zeros(7)}


def _mean(**changes) -> NoisyMean:
    settings = {
        "clipping": FlatClipping(0.5),
        "noise_multiplier": 1.0,
        "expected": 10,
        "noise": GaussianNoise(0),
        "spare": 200,
        "canaries": None,
    }
    return NoisyMean(changes.pop("likes", LIKES), **settings | changes)


@pytest.fixture(scope="session")
def mean() -> Callable[..., NoisyMean]:
    """A noisy mean of 607 numbers for 10 clients a round, with the bound 0.5; settings can be replaced."""
    return _mean
