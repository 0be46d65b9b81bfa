"""The private step, against its definition, and inside the training loop."""

import copy

import pytest
import torch
from assay.models.supervised import Classification
from assay.platform.privacy.accountant import SubsampledGaussian, epsilon_of
from assay.platform.privacy.clipping import AdaptiveClipping, FlatClipping
from assay.platform.privacy.poisson_sampler import Poisson
from assay.platform.privacy.stepper import private_stepper
from assay.platform.training.fit import Plan, fit
from assay.platform.training.rows import Batch, Rows
from assay.platform.training.steppers import FullPrecision, MixedPrecision
from torch import nn


def objective() -> Classification:
    torch.manual_seed(3)
    return Classification(nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3)))


def batch(rows: int = 12) -> Batch:
    torch.manual_seed(4)
    return Batch(inputs=(torch.randn(rows, 5),), target=torch.randint(0, 3, (rows,)), weight=None)


def stepper(module: nn.Module, **changes):
    options = {"clipping": FlatClipping(0.5), "noise_multiplier": 0.0, "expected_batch": 10, "noise_seed": 0}
    return private_stepper(module, FullPrecision(torch.Generator()), **{**options, **changes})


def clipped_mean(module: nn.Module, batch: Batch, bound: float, denominator: int) -> list[torch.Tensor]:
    """The definition: a loop over rows."""
    parameters = list(module.parameters())
    sums = [torch.zeros_like(parameter) for parameter in parameters]
    for i in range(len(batch.target)):
        loss = module((batch.inputs[0][i : i + 1],), batch.target[i : i + 1])
        if batch.weight is not None:
            loss = loss * batch.weight[i]
        parts = torch.autograd.grad(loss, parameters)
        norm = sum(part.square().sum() for part in parts).sqrt()
        for total, part in zip(sums, parts, strict=True):
            total += part * min(1.0, bound / float(norm))
    return [total / denominator for total in sums]


@pytest.mark.parametrize("physical", [None, 12, 5, 1])
@pytest.mark.parametrize("weighted", [False, True])
def test_without_noise_the_gradient_is_the_clipped_sum_over_the_expected_batch(physical, weighted):
    module, rows = objective(), batch()
    if weighted:
        rows = Batch(inputs=rows.inputs, target=rows.target, weight=torch.linspace(0.1, 2.0, 12))
    step = stepper(module, physical_batch=physical)
    loss = step.backward(module, rows)
    for parameter, expected in zip(module.parameters(), clipped_mean(module, rows, 0.5, 10), strict=True):
        torch.testing.assert_close(parameter.grad, expected, rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(loss, module(rows.inputs, rows.target, rows.weight).detach())


def test_noise_has_the_deviation_that_is_accounted_for():
    module, rows = objective(), batch()
    stepper(module).backward(module, rows)
    mean = torch.cat([parameter.grad.flatten().clone() for parameter in module.parameters()])
    noisy = stepper(module, noise_multiplier=2.0)
    draws = []
    for _ in range(500):
        noisy.backward(module, rows)
        draws.append(torch.cat([parameter.grad.flatten() for parameter in module.parameters()]) - mean)
    noise = torch.stack(draws).double()
    assert abs(noise.std() / (2.0 * 0.5 / 10) - 1) < 5 / (2 * noise.numel()) ** 0.5
    assert abs(noise.mean()) < 5 * 0.1 / noise.numel() ** 0.5
    correlation = torch.corrcoef(noise.t()).fill_diagonal_(0).abs().max()
    assert correlation < 6 / 500**0.5


def test_an_empty_batch_is_noise_alone():
    module = objective()
    step = stepper(module, noise_multiplier=1.0)
    loss = step.backward(module, batch(0))
    assert float(loss) == 0.0
    assert all(torch.isfinite(parameter.grad).all() for parameter in module.parameters())
    assert any(parameter.grad.abs().max() > 0 for parameter in module.parameters())


def test_a_seed_gives_the_same_steps_and_no_seed_gives_others():
    def trained(seed):
        module = objective()
        step = stepper(module, noise_multiplier=1.0, noise_seed=seed)
        optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
        for _ in range(3):
            step.backward(module, batch())
            optimizer.step()
        return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])

    assert torch.equal(trained(1), trained(1))
    assert not torch.equal(trained(1), trained(2))
    assert not torch.equal(trained(None), trained(None))


def test_padding_rows_change_neither_gradient_nor_the_adaptive_bound():
    outcomes = []
    for expected_batch in (12, 13):  # steps of 3 and 4: twelve rows need none, thirteen are padded to sixteen
        module, rows = objective(), batch(12 if expected_batch == 12 else 13)
        clipping = AdaptiveClipping(0.5, 1_000_000, count_noise=1e-7)
        step = stepper(module, clipping=clipping, expected_batch=expected_batch)
        step.backward(module, rows)
        expected = clipped_mean(module, rows, 0.5, expected_batch)
        for parameter, part in zip(module.parameters(), expected, strict=True):
            torch.testing.assert_close(parameter.grad, part, rtol=1e-4, atol=1e-7)
        outcomes.append(clipping.bound)
    assert abs(outcomes[0] - outcomes[1]) < 1e-5


def test_mixed_precision_is_close_to_full_precision():
    module, rows = objective(), batch()
    stepper(module).backward(module, rows)
    exact = [parameter.grad.clone() for parameter in module.parameters()]
    mixed = private_stepper(
        module, MixedPrecision(torch.Generator(), "cpu"), clipping=FlatClipping(0.5), noise_multiplier=0.0,
        expected_batch=10, noise_seed=0,
    )  # fmt: skip
    mixed.backward(module, rows)
    for parameter, part in zip(module.parameters(), exact, strict=True):
        torch.testing.assert_close(parameter.grad, part, rtol=0.1, atol=0.01)


def test_the_training_loop_learns_with_a_poisson_sampler_and_a_private_stepper():
    torch.manual_seed(0)
    inputs = torch.randn(600, 5)
    rows = Rows(inputs=(inputs,), target=(inputs[:, 0] > 0).long())
    module = Classification(nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 2)))
    untrained = copy.deepcopy(module)
    sampler = Poisson(600, 60, seed=0)
    private = stepper(module, clipping=FlatClipping(1.0), noise_multiplier=1.0, expected_batch=60)
    outcome = fit(
        module, rows, rows, plan=Plan(stage="train", epochs=4, clip=None), schedule=lambda step: 1.0,
        optimizer=torch.optim.Adam(module.parameters(), lr=0.02), sampler=sampler, stepper=private,
    )  # fmt: skip
    assert outcome.history[-1]["validation_loss"] < 0.6 * untrained((inputs,), rows.target).item()
    run = SubsampledGaussian(noise_multiplier=1.0, sample_rate=sampler.sample_rate, steps=4 * sampler.steps)
    assert 0 < epsilon_of([run], delta=1e-4, accountant="rdp") < 10


def test_the_chance_of_dropout_and_masks_is_as_secret_as_the_noise_and_comes_back_with_it():
    first, second = stepper(objective(), noise_seed=None), stepper(objective(), noise_seed=None)
    assert first.chance(0) != second.chance(0), "the run's own seed is known"
    assert first.chance(0) == first.chance(1)
    second.restore(first.state())
    assert first.chance(0) == second.chance(0)
    assert stepper(objective()).chance(0) == stepper(objective()).chance(0), "as repeatable as the noise"
    assert FullPrecision(torch.Generator()).chance(7) == 7


def test_the_loop_draws_dropout_by_the_steppers_chance():
    """Two runs of one known seed, without noise: what differs is dropout, which nobody can foretell."""

    def trained(noise_seed: int | None) -> torch.Tensor:
        torch.manual_seed(0)
        module = Classification(nn.Sequential(nn.Linear(5, 32), nn.Dropout(0.5), nn.Linear(32, 3)))
        rows = Rows(inputs=batch().inputs, target=batch().target)
        optimizer = torch.optim.SGD(module.parameters(), lr=0.5)
        sampler = Poisson(12, 12)  # everybody, in every step
        fit(
            module, rows, None, plan=Plan(stage="train", epochs=2, clip=None), optimizer=optimizer,
            schedule=lambda step: 1.0, sampler=sampler, stepper=stepper(module, noise_seed=noise_seed),
        )  # fmt: skip
        return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])

    assert torch.equal(trained(5), trained(5))
    assert not torch.equal(trained(None), trained(None))
