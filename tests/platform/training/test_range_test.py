"""The range test against losses whose limit is known."""

import pytest
import torch
from assay.models.supervised import Regression
from assay.platform.exceptions import SpecError
from assay.platform.training.config import ModelConfig, TrainConfig
from assay.platform.training.range_test import rate_range, read_off, sweep
from assay.platform.training.rows import Rows
from assay.platform.training.samplers import Shuffled
from assay.platform.training.steppers import FullPrecision
from torch import nn

MODEL = ModelConfig(architecture="mlp", options={"width": 16, "depth": 1, "token_width": 4})


@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
def test_gradient_descent_on_a_parabola_turns_where_the_rate_is_two_over_the_curvature(scale):
    """Loss (w x - y)² of full batches: curvature 2 E[x²], so steps grow from the rate 1 / E[x²] on."""
    inputs = scale * torch.tensor([[1.0], [-2.0], [3.0], [0.5]])
    limit = 1 / float(inputs.square().mean())
    torch.manual_seed(0)
    layer = nn.Linear(1, 1, bias=False)
    rows = Rows(inputs=(inputs,), target=inputs[:, 0] / scale + torch.tensor([0.3, 0.1, -0.2, 0.4]))
    low, steps = limit / 1000, 60
    factor = 1e5 ** (1 / (steps - 1))
    losses = sweep(
        Regression(layer), rows, optimizer=torch.optim.SGD(layer.parameters(), lr=low),
        sampler=Shuffled(4, 4, 0), stepper=FullPrecision(torch.Generator()), factor=factor, steps=steps,
    )  # fmt: skip
    assert len(losses) < steps  # it diverged, and was ended
    rates = [low * factor**step for step in range(len(losses))]
    assert limit < rates[-1] < 10 * limit
    found = read_off(rates, losses)
    assert found.lowest <= rates[-1]
    assert found.lowest > limit / 10
    assert found.suggested == pytest.approx(found.lowest / 10)


def test_losses_are_smoothed_without_the_bias_of_the_start():
    found = read_off([1.0, 2.0, 3.0], [4.0, 4.0, 4.0])
    assert found.losses == pytest.approx((4.0, 4.0, 4.0))
    two = read_off([1.0, 2.0], [1.0, 0.0]).losses
    assert two[1] == pytest.approx(0.9 * 0.1 / (1 - 0.9**2))


def test_a_loss_that_never_falls_suggests_nothing():
    assert read_off([0.1, 0.2, 0.3], [1.0, 1.1, 1.2]).suggested is None


def test_a_loss_that_is_no_number_ends_it_and_is_left_out():
    found = read_off([0.1, 0.2, 0.3], [1.0, 0.9, float("nan")])
    assert found.rates == (0.1, 0.2)


def test_a_spec_is_tested_on_its_train_rows_and_twice_alike(tabular):
    told = []
    first, second = (
        rate_range(
            dataset=tabular, model=MODEL, config=TrainConfig(batch_size=64), steps=60, progress=told.append
        )
        for _ in range(2)
    )
    assert first == second
    assert len(told) >= len(first.rates)
    assert told[0].total == 60
    assert first.rates[0] == pytest.approx(1e-6)
    assert first.suggested is not None
    assert 1e-4 < first.suggested < 1


@pytest.mark.parametrize("asked", [{"low": 0.0}, {"low": 2.0, "high": 1.0}, {"steps": 3}])
def test_a_range_that_is_none_is_refused(tabular, asked):
    with pytest.raises(SpecError, match="range of rates"):
        rate_range(dataset=tabular, model=MODEL, config=TrainConfig(), **asked)
