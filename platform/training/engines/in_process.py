"""The engine that is no engine: one worker, this process."""

from typing import Protocol

from torch import Tensor, nn


class Engine(Protocol):
    """What the loop has to know of the workers that run it together."""

    name: str
    """As the report's lineage names it."""
    rank: int
    """Number of this worker, from 0."""
    workers: int
    """How many there are."""

    def wrap(self, objective: nn.Module) -> nn.Module:
        """The objective, its gradients averaged over workers during `backward`."""
        ...

    def total(self, values: Tensor) -> Tensor:
        """Sum of `values` over workers, the same on each."""
        ...


class InProcess:
    """One worker."""

    name = "in-process"
    rank = 0
    workers = 1

    def wrap(self, objective: nn.Module) -> nn.Module:
        """The objective as it is."""
        return objective

    def total(self, values: Tensor) -> Tensor:
        """The values as they are."""
        return values
