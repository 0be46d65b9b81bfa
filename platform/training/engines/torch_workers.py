"""The engine that runs inside a process group: gradients and sums are shared over all of its workers."""

import torch.distributed as distributed
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel


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
        distributed.all_reduce(summed, distributed.ReduceOp.SUM)
        return summed
