"""An exponential moving average of the weights: less noise in what is kept than in what steps.

Polyak & Juditsky, "Acceleration of Stochastic Approximation by Averaging" (1992),
https://doi.org/10.1137/0330046; in the form of Tarvainen & Valpola, "Mean teachers" (2017), section 2,
https://arxiv.org/abs/1703.01780
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

__all__ = ["WeightAverage"]


class WeightAverage:
    """After step n (from 0): `average = d * average + (1 - d) * weights`, `d = min(decay, n / (n + 9))`.

    The second term keeps short runs from averaging in their first weights. Buffers, such as running
    statistics, are not averaged: they are the module's own.

    Args:
        module: whose parameters are averaged.
        decay: about `1 / (1 - decay)` steps count.
    """

    def __init__(self, module: nn.Module, decay: float):
        self.decay = decay
        self.weights = {name: weight.detach().clone() for name, weight in module.named_parameters()}

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Take in the weights after a step, numbered from 0."""
        decay = min(self.decay, step / (step + 9))
        for name, weight in module.named_parameters():
            self.weights[name].lerp_(weight, 1 - decay)

    @torch.no_grad()
    def put_into(self, module: nn.Module) -> None:
        """Give a module the averages."""
        for name, weight in module.named_parameters():
            weight.copy_(self.weights[name])

    @contextmanager
    def applied(self, module: nn.Module) -> Iterator[None]:
        """Inside it the module has the averages, and afterwards its own weights again."""
        own = [weight.detach().clone() for weight in module.parameters()]
        self.put_into(module)
        try:
            yield
        finally:
            with torch.no_grad():
                for weight, kept in zip(module.parameters(), own, strict=True):
                    weight.copy_(kept)
