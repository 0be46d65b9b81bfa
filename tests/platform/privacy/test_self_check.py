"""Self-checks find a mechanism that is not the one accounted for, and leave a sound one alone."""

import pytest
import torch
from assay.models.supervised import Classification, weighted_mean
from assay.platform.privacy.bookkeeping import BookKeeping
from assay.platform.privacy.poisson_sampler import Poisson
from assay.platform.privacy.self_check import MechanismError, check_clipping, check_sampling
from assay.platform.training.rows import Batch
from assay.platform.training.samplers import Shuffled
from torch import nn


def batch() -> Batch:
    return Batch(inputs=(torch.randn(8, 5),), target=torch.randint(0, 3, (8,)), weight=None)


def objective(inner: nn.Module | None = None) -> Classification:
    layers = nn.Linear(5, 8), nn.Dropout(0.5), inner or nn.LayerNorm(8), nn.ReLU(), nn.Linear(8, 3)
    return Classification(nn.Sequential(*layers))


def test_a_sound_engine_passes_and_goes_on_training():
    module = objective()
    check_clipping(BookKeeping(module), module, batch())
    assert module.training


def test_a_layer_that_is_skipped_in_norms_is_found(monkeypatch):
    module = objective()
    engine = BookKeeping(module)
    original = engine.squared_norms

    def skipping(loss, rows):
        squared = original(loss, rows)
        squared[0] = 0
        return squared

    monkeypatch.setattr(engine, "squared_norms", skipping)
    with pytest.raises(MechanismError, match="norms of per-sample gradients differ"):
        check_clipping(engine, module, batch())


def test_a_layer_whose_hook_is_gone_is_found():
    module = objective()
    engine = BookKeeping(module)
    engine._hooks[1].remove()
    with pytest.raises(MechanismError):
        check_clipping(engine, module, batch())


def test_a_layer_that_is_summed_unclipped_is_found(monkeypatch):
    module = objective()
    engine = BookKeeping(module)
    original = engine.add_clipped_sum

    def leaking(coefficients, sums):
        coefficients = coefficients.clone()
        coefficients[0] = 1.0
        original(coefficients, sums)

    monkeypatch.setattr(engine, "add_clipped_sum", leaking)
    with pytest.raises(MechanismError, match="clipped sum differ"):
        check_clipping(engine, module, batch())


def test_an_unclipped_layer_breaks_the_bound_on_the_sum():
    """The bound itself, without the oracle: each sample may add no more than the bound."""
    module, rows = objective().eval(), batch()
    engine = BookKeeping(module)
    squared = engine.squared_norms(lambda: module(rows.inputs, rows.target) * 8, 8)
    bound = 0.01 * float(squared.sum(0).sqrt().min())
    coefficients = (bound / squared.sum(0).sqrt()).expand_as(squared).clone()
    coefficients[0] = 1.0
    sums = {parameter: torch.zeros(parameter.shape) for parameter in engine.parameters}
    engine.add_clipped_sum(coefficients, sums)
    assert sum(total.square().sum() for total in sums.values()).sqrt() > 8 * bound


def test_a_layer_that_mixes_samples_is_found():
    class Centred(nn.Module):
        def forward(self, rows):
            return rows - rows.mean(0)

    module = objective(Centred())
    with pytest.raises(MechanismError, match="mixes samples"):
        check_clipping(BookKeeping(module), module, batch())


class Reconstruction(nn.Module):
    """Fills in what chance took from a row, or from its neighbours; weighs rows, or forgets to."""

    def __init__(self, *, mixes: bool, weighs: bool):
        super().__init__()
        self.network, self.mixes, self.weighs = nn.Linear(5, 5), mixes, weighs

    def forward(self, inputs, target=None, weight=None, generator=None):
        taken = torch.rand(inputs[0].shape, generator=generator) < 0.5
        instead = inputs[0].roll(1, 0) if self.mixes else torch.zeros_like(inputs[0])
        losses = (self.network(torch.where(taken, instead, inputs[0])) - inputs[0]).square().mean(dim=1)
        return weighted_mean(losses, weight if self.weighs else None)


def test_a_loss_that_draws_for_each_row_by_itself_passes():
    module = Reconstruction(mixes=False, weighs=True)
    check_clipping(BookKeeping(module), module, batch())


@pytest.mark.parametrize(("mixes", "weighs"), [(True, True), (False, False)])
def test_a_loss_that_looks_at_other_rows_or_counts_padding_is_found(mixes, weighs):
    module = Reconstruction(mixes=mixes, weighs=weighs)
    with pytest.raises(MechanismError, match="differ from plain gradients"):
        check_clipping(BookKeeping(module), module, batch())


@pytest.mark.parametrize(("rows", "size"), [(1000, 100), (64, 8), (5000, 32), (20, 20)])
def test_poisson_sampling_passes(rows, size):
    check_sampling(Poisson(rows, size, seed=0))


@pytest.mark.parametrize(("rows", "size"), [(1000, 100), (64, 8), (5000, 32)])
def test_shuffled_batches_are_found_out(rows, size):
    with pytest.raises(MechanismError, match="not Poisson"):
        check_sampling(Shuffled(rows, size, seed=0))


def test_a_sampler_that_favours_some_rows_is_found_out():
    class Favouring(Poisson):
        def batches(self, epoch, *, start=0):
            for index in super().batches(epoch, start=start):
                yield torch.where(index < 500, index, index - 500)

    with pytest.raises(MechanismError, match="not Poisson: times that a row takes part"):
        check_sampling(Favouring(1000, 100, seed=0))


@pytest.mark.parametrize("batch_size", [1, 2, 999, 1000])
def test_rates_near_0_and_1_are_no_fault(batch_size):
    for seed in range(20):
        check_sampling(Poisson(1000, batch_size, seed))
