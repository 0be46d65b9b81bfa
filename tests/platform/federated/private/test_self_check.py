"""Planted faults of the mechanism are found, and a sound one is left alone."""

import numpy as np
import pytest
import torch
from assay.platform.federated.private.noisy_mean import NoisyMean
from assay.platform.federated.private.self_check import check_mean, check_noise
from assay.platform.privacy.clipping import AdaptiveClipping
from assay.platform.privacy.noise import GaussianNoise
from assay.platform.privacy.self_check import MechanismError


def by_answers(self, answers):
    released = _release(self, answers)
    return {name: part * self.expected / max(1, len(answers)) for name, part in released.items()}


def half(self, buffer, deviation):
    _fill(self, buffer, deviation / 2)


def none(self, buffer, deviation):
    buffer.zero_()


def beside_the_model(self, buffer, deviation):
    _fill(self, buffer, deviation)
    buffer[:-200] = 0


_release, _fill = NoisyMean.release, GaussianNoise.fill

PLANTED = {
    "a mean by answers": (NoisyMean, "release", by_answers),
    "a client that isn't clipped": (NoisyMean, "_let_through", lambda self, length: 1.0),
    "a bound that is twice as large": (
        NoisyMean,
        "_let_through",
        lambda self, length: min(1.0, 2 * self.clipping.bound / float(length)),
    ),
    "half of the noise": (GaussianNoise, "fill", half),
    "no noise": (GaussianNoise, "fill", none),
}


@pytest.mark.parametrize("noise_multiplier", [0.3, 1.0, 40.0])
def test_a_sound_mean_passes(mean, noise_multiplier):
    check_mean(lambda: mean(noise_multiplier=noise_multiplier, noise=GaussianNoise()))


def test_a_sound_mean_with_a_bound_that_moves_passes(mean):
    check_mean(lambda: mean(clipping=AdaptiveClipping(0.5, 50), expected=50, noise=GaussianNoise()))


@pytest.mark.parametrize("noise_multiplier", [0.3, 1.0, 40.0])
@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found_before_the_first_round(mean, monkeypatch, fault, noise_multiplier):
    monkeypatch.setattr(*PLANTED[fault])
    with pytest.raises(MechanismError, match="accounted for"):
        check_mean(lambda: mean(noise_multiplier=noise_multiplier))


def test_noise_that_spares_the_model_is_found_after_the_last_round(mean, monkeypatch):
    monkeypatch.setattr(GaussianNoise, "fill", beside_the_model)
    noisy = mean()
    for _ in range(4):
        noisy.release([])
    with pytest.raises(MechanismError, match="less noise than is"):
        check_noise(noisy)


def test_noise_that_runs_dry_is_found_after_the_last_round(mean, monkeypatch):
    noisy = mean()
    check_noise(noisy)  # of nothing that was released nothing can be said
    for _ in range(5):
        noisy.release([])
    check_noise(noisy)
    monkeypatch.setattr(GaussianNoise, "fill", none)
    for _ in range(5):
        noisy.release([])
    with pytest.raises(MechanismError, match=r"variance is 0\.[45]"):
        check_noise(noisy)


def test_few_sound_trainings_are_called_faulty(mean):
    """One in 10**6 may be: here none of 200."""
    for seed in range(200):
        noisy = mean(likes={"a": torch.zeros(3)}, noise=GaussianNoise(seed))
        for _ in range(2):
            noisy.release([])
        check_noise(noisy)
    assert np.isfinite(noisy.spare_squares)
