"""The mean loss of many batches, kept on the device so that no step waits for it."""

import math

import torch
from torch import Tensor

from .engines.in_process import Engine


class Tally:
    """Sum of losses times the mass of their rows, and sum of mass.

    Args:
        device: where the losses are.
    """

    def __init__(self, device: torch.device):
        precision = torch.float32 if device.type == "mps" else torch.float64
        self.sums = torch.zeros(2, device=device, dtype=precision)

    def add(self, loss: Tensor, mass: float) -> None:
        """Count the mean loss of rows that weigh `mass` together."""
        self.sums += torch.stack([loss.to(self.sums.dtype) * mass, self.sums.new_tensor(mass)])

    def mean(self, engine: Engine) -> float:
        """Mean loss over the rows of all workers; NaN where nothing was counted."""
        total, mass = engine.total(self.sums).tolist()
        return total / mass if mass else math.nan
