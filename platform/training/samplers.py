"""Which rows make up each step."""

from collections.abc import Iterator

import torch
from torch import Tensor

from .seeding import generator


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
