"""SCAFFOLD at a client: gradients corrected by how the client differs from everybody.

Karimireddy et al., "SCAFFOLD: Stochastic Controlled Averaging for Federated Learning" (2020), algorithm 1,
https://arxiv.org/abs/1910.06378. The server's part is `scaffold_strategy.py`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..training.rows import Batch
from ..training.steppers import FullPrecision

__all__ = ["Controlled"]


@dataclass(frozen=True)
class Controlled(FullPrecision):
    """Another stepper, its gradient g corrected to g - c_i + c (line 10).

    Args:
        inner: how the gradient of the batch comes about.
        weights: the parameters that are trained.
        correction: c - c_i, one for each of them.
        seen: zeros, one for each of them: the sum of all g.
    """

    inner: FullPrecision
    weights: tuple[Tensor, ...]
    correction: tuple[Tensor, ...]
    seen: tuple[Tensor, ...]

    @property
    def beside(self) -> tuple[Tensor, ...]:
        """What it keeps beside the weights, in tensors like them."""
        return (*self.correction, *self.seen)

    def loss(self, objective: nn.Module, batch: Batch) -> Tensor:
        """Scalar loss of a batch."""
        return self.inner.loss(objective, batch)

    def backward(self, objective: nn.Module, batch: Batch, share: float = 1.0) -> Tensor:
        """Add the gradient of `share` times the loss, and the correction.

        Returns:
            The loss itself, detached.
        """
        loss = self.inner.backward(objective, batch, share)
        with torch.no_grad():
            for weight, change, seen in zip(self.weights, self.correction, self.seen, strict=True):
                if weight.grad is not None:
                    seen.add_(weight.grad)
                    weight.grad.add_(change)
        return loss

    def control(self, steps: int) -> tuple[Tensor, ...]:
        """c_i⁺, option II of line 12: the mean of all g.

        The paper writes it c_i - c + (x - y_i) / (K eta), which plain SGD makes the same; there the
        difference of two nearly equal weights is divided by a small rate.

        Args:
            steps: K.
        """
        return tuple(seen / steps for seen in self.seen)
