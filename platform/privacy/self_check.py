"""Two self-checks before a private run: is every gradient counted, and is the sampling really Poisson?

Either fault leaves a run that trains well and whose epsilon is wrong; nothing else would show it.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from scipy import stats
from torch import Tensor, nn

from ..exceptions import AssayError
from ..training.rows import Batch
from ..training.samplers import Shuffled
from .bookkeeping import BookKeeping
from .padding import pad
from .person_sampler import PersonSampler
from .poisson_sampler import Poisson

__all__ = ["MechanismError", "check_clipping", "check_sampling"]

TOLERANCE = 1e-3
"""Relative; float32 sums differ by 1e-6, a forgotten layer by whatever it weighs."""

UNLIKELY = 1e-6
"""A sound sampler fails so rarely."""


class MechanismError(AssayError):
    """The mechanism that runs is not the one that is accounted for."""


def check_clipping(engine: BookKeeping, objective: nn.Module, batch: Batch, *, samples: int = 4) -> None:
    """Compare book-keeping with plain gradients, sample by sample, on a few rows and a row of padding.

    It finds a layer that is left out of norms or sums, a rule that is wrong, a layer or a loss that mixes
    samples, and a loss that counts rows of weight 0. Dropout is off meanwhile.

    Args:
        engine: of the objective.
        objective: its loss is a weighted mean over rows.
        batch: rows to try.
        samples: how many of them.

    Raises:
        MechanismError: a norm or the clipped sum differs.
    """
    training = objective.training
    objective.eval()
    try:
        _compare(engine, objective, _first(batch, samples))
    finally:
        objective.train(training)


def _compare(engine: BookKeeping, objective: nn.Module, batch: Batch) -> None:
    """The comparison itself, the median norm as bound: some rows are clipped and some not."""
    parameters = [parameter for parameter in objective.parameters() if parameter.requires_grad]
    padded, rows = pad(batch, len(batch.inputs[0]) + 1), len(batch.inputs[0])
    gradients = _one_by_one(objective, padded, rows, parameters)  # (rows, numbers)
    norms = gradients.norm(dim=1)
    factors = (norms.median() / norms.clamp_min(1e-12)).clamp(max=1.0)
    squared = engine.squared_norms(lambda: _loss(objective, padded) * rows, rows + 1)
    sums = {parameter: parameter.new_zeros(parameter.shape) for parameter in parameters}
    coefficients = torch.cat([factors, factors.new_ones(1)]).to(squared)
    engine.add_clipped_sum(coefficients.expand_as(squared), sums)
    expected = torch.cat([norms, norms.new_zeros(1)])
    _agree("norms of per-sample gradients", squared.sum(0).sqrt(), expected)
    clipped = _flat([sums[parameter] for parameter in parameters], parameters)
    _agree("clipped sum", clipped, factors @ gradients)


def _one_by_one(objective: nn.Module, padded: Batch, rows: int, parameters: list[nn.Parameter]) -> Tensor:
    """Gradients `(rows, numbers)`, each of a batch of copies of a row.

    The copy at the row's own place counts alone: chance draws for it what it draws for the row in the batch,
    and whatever other rows say is gone.
    """
    found = []
    for row in range(rows):
        copies = _picked(padded, torch.full((rows + 1,), row))
        copies = replace(copies, weight=torch.eye(rows + 1, device=copies.inputs[0].device)[row])
        parts = torch.autograd.grad(_loss(objective, copies), parameters, allow_unused=True)
        found.append(_flat(parts, parameters))
    return torch.stack(found)


def check_sampling(sampler: Shuffled | Poisson, *, epochs: int = 8) -> None:
    """Test that batch sizes and rows' counts scatter as independent coins would make them.

    Batches of one size scatter too little, and shuffled rows take part exactly once an epoch. Where persons
    are drawn, they are what is counted, and none may take part twice in a step. Uses epochs that no run
    reaches.

    Args:
        sampler: the one that is about to be used.
        epochs: how many to draw.

    Raises:
        MechanismError: the scatter is one that Poisson sampling shows in fewer than one of 10**6 cases, or a
            person took part twice.
    """
    rate = sampler.sample_rate if isinstance(sampler, Poisson) else sampler.batch_size / sampler.rows
    drawn = [index.numpy() for epoch in range(epochs) for index in sampler.batches((1 << 30) + epoch)]
    one = "row"
    if isinstance(sampler, PersonSampler):
        drawn, one = [sampler.persons[rows] for rows in drawn], "person"
        if any(len(persons) != len(np.unique(persons)) for persons in drawn):
            raise MechanismError("the sampler is not Poisson: a person took part twice in one step")
    sizes = np.array([len(index) for index in drawn], dtype=float)
    counts = np.bincount(np.concatenate(drawn), minlength=sampler.rows).astype(float)
    _scatter("batch sizes", sizes, sampler.rows, rate)
    _scatter(f"times that a {one} takes part", counts, len(drawn), rate)


def _scatter(what: str, values: np.ndarray, trials: int, rate: float) -> None:
    """Test the scatter of values against that of binomial draws, both sides.

    The sum of squares over the variance is compared with a scaled chi-square of its own mean and variance:
    where the rate is near 0 or 1 a binomial has heavier tails than a plain chi-square assumes.
    """
    mean, variance = trials * rate, trials * rate * (1 - rate)
    if variance == 0 and np.all(values == mean):
        return
    statistic = float(np.square(values - mean).sum() / max(variance, 1e-12))
    spread = 2 + (1 - 6 * rate * (1 - rate)) / max(variance, 1e-12)  # variance of one term
    below = stats.chi2.cdf(2 * statistic / spread, 2 * len(values) / spread)
    if min(below, 1 - below) < UNLIKELY:
        raise MechanismError(
            f"the sampler is not Poisson: {what} have variance {np.square(values - mean).mean():.3g},"
            f" independent draws have {variance:.3g}"
        )


def _agree(what: str, got: Tensor, expected: Tensor) -> None:
    error = float((got.to(expected) - expected).norm() / expected.norm().clamp_min(1e-12))
    if not error <= TOLERANCE:
        raise MechanismError(
            f"the {what} differ from plain gradients by {error:.2g} (relative, at most {TOLERANCE:g}):"
            " a layer is left out, mixes samples, or has a wrong rule"
        )


def _loss(objective: nn.Module, batch: Batch) -> Tensor:
    generator = torch.Generator(batch.inputs[0].device).manual_seed(0)
    return objective(batch.inputs, batch.target, batch.weight, generator)


def _flat(parts: Mapping | list | tuple, parameters: list[nn.Parameter]) -> Tensor:
    return torch.cat(
        [
            (torch.zeros_like(parameter) if part is None else part).detach().flatten()
            for part, parameter in zip(parts, parameters, strict=True)
        ]
    )


def _first(batch: Batch, rows: int) -> Batch:
    """At most so many rows, all of weight 1."""
    return replace(_picked(batch, torch.arange(min(rows, len(batch.inputs[0])))), weight=None)


def _picked(batch: Batch, index: Tensor) -> Batch:
    """The rows that an index names, of inputs and target."""
    index = index.to(batch.inputs[0].device)
    return Batch(
        inputs=tuple(part[index] for part in batch.inputs),
        target=None if batch.target is None else batch.target[index],
        weight=batch.weight,
    )
