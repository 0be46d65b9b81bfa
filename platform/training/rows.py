"""Rows as tensors on one device: a batch is an index, so nothing is collated or copied between processes."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What an objective is called with.

    Attributes:
        inputs: of the network, each `(batch, …)`.
        target: `(batch,)`, or None where labels aren't looked at.
        weight: `(batch,)` weights of rows, or None where all count alike.
    """

    inputs: tuple[Tensor, ...]
    target: Tensor | None
    weight: Tensor | None


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A split as tensors.

    Attributes:
        inputs: of the network, each `(rows, …)`.
        target: `(rows,)` codes of classes or standardised values, or None.
        weight: `(rows,)`, or None.
        persons: `(rows,)` codes of whose row each is, or None where nobody asks.
    """

    inputs: tuple[Tensor, ...]
    target: Tensor | None = None
    weight: Tensor | None = None
    persons: Tensor | None = None

    def __len__(self) -> int:
        return len(self.inputs[0])

    @property
    def units(self) -> int:
        """How many may be drawn: persons where it is known whose rows these are, else rows."""
        return len(self) if self.persons is None else int(self.persons.max()) + 1

    @property
    def device(self) -> torch.device:
        """Where the tensors lie."""
        return self.inputs[0].device

    def batch(self, index: Tensor) -> Batch:
        """The rows `(batch,)` that an index names."""
        index = index.to(self.device)
        return Batch(
            inputs=tuple(part.index_select(0, index) for part in self.inputs),
            target=None if self.target is None else self.target.index_select(0, index),
            weight=None if self.weight is None else self.weight.index_select(0, index),
        )

    def mass(self, index: Tensor) -> float:
        """How much these rows count in a mean: their number, or their weight."""
        if self.weight is None:
            return float(len(index))
        return float(self.weight.index_select(0, index.to(self.device)).sum())
