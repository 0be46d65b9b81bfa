"""Poisson batches have a random size; padded rows of weight 0 leave few shapes to plan and compile for."""

import math

import torch
from torch import Tensor

from ..training.rows import Batch

__all__ = ["pad", "split", "step_of"]


def step_of(batch_size: int) -> int:
    """Sizes are rounded up to a multiple of this: about a standard deviation of the Poisson size, √B.

    Half a step is wasted on average: 6% at 64 rows, 1.6% at 1,024.
    """
    return max(1, round(math.sqrt(batch_size)))


def pad(batch: Batch, step: int) -> Batch:
    """Fill up with zero rows of weight 0 to a multiple of `step`, at least one; others keep their weight."""
    rows = len(batch.inputs[0])
    missing = -rows % step if rows else step
    if missing == 0:
        return batch
    weight = batch.weight
    if weight is None:
        weight = torch.ones(rows, device=batch.inputs[0].device)
    return Batch(
        inputs=tuple(_filled(part, missing) for part in batch.inputs),
        target=None if batch.target is None else _filled(batch.target, missing),
        weight=_filled(weight, missing),
    )


def split(batch: Batch, rows: int) -> list[Batch]:
    """Parts of at most `rows` rows: a batch that does not fit into memory goes through piece by piece."""
    if len(batch.inputs[0]) <= rows:
        return [batch]
    inputs = zip(*(part.split(rows) for part in batch.inputs), strict=True)
    parts = list(inputs)
    nothing = [None] * len(parts)
    targets = nothing if batch.target is None else batch.target.split(rows)
    weights = nothing if batch.weight is None else batch.weight.split(rows)
    return [
        Batch(inputs=part, target=target, weight=weight)
        for part, target, weight in zip(parts, targets, weights, strict=True)
    ]


def _filled(part: Tensor, missing: int) -> Tensor:
    return torch.cat([part, part.new_zeros(missing, *part.shape[1:])])
