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
        self.loss = torch.zeros((), device=device, dtype=precision)
        self.mass = 0.0

    def add(self, loss: Tensor, mass: float) -> None:
        """Count the mean loss of rows that weigh `mass` together."""
        self.loss += loss.to(self.loss.dtype) * mass
        self.mass += mass

    def mean(self, engine: Engine) -> float:
        """Mean loss over the rows of all workers; NaN where nothing was counted."""
        loss, mass = engine.total(torch.stack([self.loss, self.loss.new_tensor(self.mass)])).tolist()
        return loss / mass if mass else math.nan
