"""Which rows make up each step."""

from collections.abc import Iterator
from typing import Any, Protocol

import torch
from torch import Tensor

from .seeding import generator


class Sampler(Protocol):
    """What the loop asks of a sampler: which rows make each step of an epoch, from any step on."""

    rows: int
    batch_size: int
    steps: int

    def batches(self, epoch: int, *, start: int = 0) -> Iterator[Tensor]:
        """Yield the row numbers `(batch,)` of each step of an epoch, from step `start` on."""
        ...

    def state(self) -> dict[str, Any]:
        """What a checkpoint has to keep, as JSON can say it."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        ...


class Shuffled:
    """Every row once an epoch, in an order that is a function of (seed, epoch) alone.

    The last rows don't make a small batch: they are spread, so that sizes differ by one at most. Since the
    order isn't drawn from a running generator, a run resumes anywhere by skipping batches.

    Args:
        rows: number of rows.
        batch_size: most rows a step.
        seed: of the order.
    """

    def __init__(self, rows: int, batch_size: int, seed: int):
        self.rows, self.batch_size, self.seed = rows, batch_size, seed
        self.steps = -(-rows // batch_size)

    def batches(self, epoch: int, *, start: int = 0) -> Iterator[Tensor]:
        """Yield the row numbers `(batch,)` of each step of an epoch, from step `start` on."""
        order = torch.randperm(self.rows, generator=generator(self.seed, "order", epoch))
        yield from order.tensor_split(self.steps)[start:]

    def state(self) -> dict[str, Any]:
        """Nothing: the order follows from the seed."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Nothing to put back."""


class Sequential:
    """Every row once, in its own order: for validation.

    Args:
        rows: number of rows.
        batch_size: most rows a step.
    """

    def __init__(self, rows: int, batch_size: int):
        self.rows = rows
        self.steps = -(-rows // batch_size)

    def batches(self, epoch: int = 0, *, start: int = 0) -> Iterator[Tensor]:
        """Yield the row numbers `(batch,)` of each step, the same in every epoch."""
        yield from torch.arange(self.rows).tensor_split(self.steps)[start:]
