"""The engine that is no engine: one worker, this process."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from torch import Tensor, nn

Answer = TypeVar("Answer")


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

    def add_up(self, buffer: Tensor) -> None:
        """Replace a buffer by its sum over workers, the same on each."""
        ...

    def once(self, act: Callable[[], Answer]) -> Answer:
        """Do something on the first worker alone: its answer, or its refusal, is every worker's."""
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

    def add_up(self, buffer: Tensor) -> None:
        """The buffer is the sum already."""

    def once(self, act: Callable[[], Answer]) -> Answer:
        """Do it here."""
        return act()
