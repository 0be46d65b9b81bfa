"""The engine that runs inside a process group: gradients and sums are shared over all of its workers."""

from collections.abc import Callable
from typing import Any

import torch.distributed as distributed
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ...exceptions import AssayError
from .in_process import Answer


class TorchWorkers:
    """One worker of the process group that this process belongs to.

    Args:
        name: of what started the group, as the report's lineage names it.
    """

    def __init__(self, name: str):
        self.name = name
        self.rank = distributed.get_rank()
        self.workers = distributed.get_world_size()

    def wrap(self, objective: nn.Module) -> nn.Module:
        """The objective, its gradients averaged over workers while `backward` still runs."""
        device = next(objective.parameters()).device
        return DistributedDataParallel(objective, device_ids=[device] if device.type == "cuda" else None)

    def total(self, values: Tensor) -> Tensor:
        """Sum of `values` over workers."""
        summed = values.clone()
        self.add_up(summed)
        return summed

    def add_up(self, buffer: Tensor) -> None:
        """Replace a buffer by its sum over workers."""
        distributed.all_reduce(buffer, distributed.ReduceOp.SUM)

    def once(self, act: Callable[[], Answer]) -> Answer:
        """Do something on the first worker and tell the others: they would wait for one that gave up."""
        told: list[Any] = [None, None]
        if self.rank == 0:
            try:
                told[0] = act()
            except AssayError as error:
                told[1] = error
        distributed.broadcast_object_list(told, src=0)
        if told[1] is not None:
            raise told[1]
        return told[0]
