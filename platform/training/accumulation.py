"""Gradient accumulation: a batch goes through the network in parts, and steps as a whole."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .engines.in_process import Engine
from .rows import Batch
from .steppers import FullPrecision

__all__ = ["Accumulated"]


@dataclass(frozen=True)
class Accumulated(FullPrecision):
    """The gradient of a batch as the sum of its parts': the memory of one part, the step of all.

    It is the large batch's, up to the order of sums, where rows don't meet: batch normalization sees a part
    at a time, and so does mixing.

    Args:
        generator: where the objective's views are drawn from.
        inner: how the gradient of a part comes about.
        parts: in how many a batch is cut.
    """

    inner: FullPrecision
    parts: int

    def joined(self, objective: nn.Module, engine: Engine) -> nn.Module:
        """The objective as each worker has to call it."""
        return self.inner.joined(objective, engine)

    def loss(self, objective: nn.Module, batch: Batch) -> Tensor:
        """Scalar loss of a batch: for validation."""
        return self.inner.loss(objective, batch)

    def backward(self, objective: nn.Module, batch: Batch, share: float = 1.0) -> Tensor:
        """Add the gradient of `share` times the loss to the weights' gradients; returns the loss."""
        parts = list(_cut(batch, self.parts))
        masses = [_mass(part) for part in parts]
        whole = sum(masses) or 1.0
        total = torch.zeros((), device=batch.inputs[0].device)
        for number, (part, mass) in enumerate(zip(parts, masses, strict=True), start=1):
            # Workers share gradients once, when the last part's are there.
            waiting = nullcontext() if number == len(parts) else getattr(objective, "no_sync", nullcontext)()
            with waiting:
                total += self.inner.backward(objective, part, share * mass / whole) * (mass / whole)
        return total


def _cut(batch: Batch, parts: int) -> Iterator[Batch]:
    """A batch in parts of equal size ± 1, each with a row at least."""
    for index in torch.arange(len(batch.inputs[0]), device=batch.inputs[0].device).tensor_split(parts):
        if len(index):
            first, end = int(index[0]), int(index[-1]) + 1
            yield Batch(
                inputs=tuple(part[first:end] for part in batch.inputs),
                target=None if batch.target is None else batch.target[first:end],
                weight=None if batch.weight is None else batch.weight[first:end],
            )


def _mass(batch: Batch) -> float:
    """How much the rows count in a mean."""
    return float(len(batch.inputs[0])) if batch.weight is None else float(batch.weight.sum())
