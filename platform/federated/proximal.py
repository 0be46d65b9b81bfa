"""FedProx: each client is held near the weights that the round began with.

Li et al., "Federated Optimization in Heterogeneous Networks" (2020), section 3.2,
https://arxiv.org/abs/1812.06127: a client minimises h(w) = F(w) + mu/2 ||w - w_t||², whose gradient is that
of F plus mu (w - w_t).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..training.rows import Batch
from ..training.steppers import FullPrecision

__all__ = ["Proximal"]


@dataclass(frozen=True)
class Proximal(FullPrecision):
    """Another stepper, with the gradient of the proximal term added to its own.

    The loss that is told stays that of the rows, so that it can be compared between strategies.

    Args:
        inner: how the gradient of the batch comes about.
        weights: w, the parameters that are trained.
        anchor: w_t, what they were when the round began.
        mu: strength of the term.
    """

    inner: FullPrecision
    weights: tuple[Tensor, ...]
    anchor: tuple[Tensor, ...]
    mu: float

    @property
    def beside(self) -> tuple[Tensor, ...]:
        """What it keeps beside the weights, in tensors like them."""
        return self.anchor

    def chance(self, seed: int) -> int:
        """As secret as the inner stepper's."""
        return self.inner.chance(seed)

    def loss(self, objective: nn.Module, batch: Batch) -> Tensor:
        """Scalar loss of a batch."""
        return self.inner.loss(objective, batch)

    def backward(self, objective: nn.Module, batch: Batch, share: float = 1.0) -> Tensor:
        """Add the gradient of `share` times the loss, and the term's.

        Returns:
            The loss itself, detached.
        """
        loss = self.inner.backward(objective, batch, share)
        with torch.no_grad():
            for weight, anchor in zip(self.weights, self.anchor, strict=True):
                if weight.grad is not None:
                    weight.grad.add_(weight - anchor, alpha=self.mu)
        return loss
