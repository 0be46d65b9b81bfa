"""Noise that misses a parameter is found, whatever its rows do; sound noise isn't suspected."""

import json

import pytest
import torch
from assay.platform.privacy.canaries.noise_watch import NoiseWatch
from assay.platform.privacy.flat_gradient import FlatGradient
from assay.platform.privacy.self_check import MechanismError
from torch import nn

SHAPES = ((40, 30), (30,), (3, 30), (3,))


def buffers() -> tuple[FlatGradient, NoiseWatch]:
    gradient = FlatGradient([nn.Parameter(torch.zeros(shape)) for shape in SHAPES], spare=500)
    return gradient, NoiseWatch(gradient)


def step(
    gradient: FlatGradient, watch: NoiseWatch, *, noiseless: int | None = None, rows: float = 0.0
) -> None:
    """Noise of deviation 2 everywhere but on one parameter, and rows whose gradients drift and scatter."""
    gradient.buffer.normal_().mul_(2.0)
    for number, view in enumerate(gradient.views.values()):
        if number == noiseless:
            view.zero_()
        view.add_(5.0 * rows + rows * torch.randn(view.shape))
    watch.see(1.0)


@pytest.mark.parametrize("noiseless", range(len(SHAPES)))
def test_a_parameter_without_noise_is_named_though_its_rows_gradients_move_it(noiseless):
    torch.manual_seed(0)
    gradient, watch = buffers()
    for _ in range(60):
        step(gradient, watch, noiseless=noiseless, rows=0.5)
    with pytest.raises(MechanismError, match=rf"shape \({SHAPES[noiseless][0]}"):
        watch.check()


def test_sound_noise_is_not_suspected_however_little_or_much_the_rows_add():
    for seed in range(60):
        torch.manual_seed(seed)
        gradient, watch = buffers()
        for _ in range(20):
            step(gradient, watch, rows=0.0 if seed % 2 else 3.0)
        watch.check()


def test_what_scales_the_noise_may_move_between_steps():
    torch.manual_seed(0)
    gradient, watch = buffers()
    for number in range(20):
        unit = 10.0 ** (number % 5)
        gradient.buffer.normal_().mul_(unit)
        watch.see(unit)
    watch.check()
    assert watch.changes[0] / watch.pairs == pytest.approx(2.0, rel=0.1)


def test_without_any_noise_or_any_pair_of_steps_nothing_is_compared():
    gradient, watch = buffers()
    gradient.buffer.normal_()
    watch.see(1.0)
    watch.check()
    gradient.buffer.zero_()
    watch.restore(watch.state())
    for _ in range(4):
        watch.see(1.0)
    watch.check()


def test_a_watch_that_starts_again_goes_on():
    torch.manual_seed(0)
    gradient, watch = buffers()
    for _ in range(4):
        step(gradient, watch)
    other = NoiseWatch(gradient)
    other.restore(json.loads(json.dumps(watch.state())))
    for one in (watch, other):
        torch.manual_seed(1)
        step(gradient, one)
        step(gradient, one)
    assert other.changes == watch.changes
    assert other.pairs == watch.pairs == 3
