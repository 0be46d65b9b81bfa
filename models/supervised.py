"""Learning from labels: cross-entropy for classes, squared error for numbers.

Every objective of this room has one form: a module that holds `.network` and whose `forward` is the loss of a
batch, so that one training loop drives them all.

Label smoothing: Szegedy et al., "Rethinking the Inception Architecture" (2016), section 7,
https://arxiv.org/abs/1512.00567
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .network import Network

__all__ = ["AUXILIARY_WEIGHT", "Classification", "Regression", "weighted_mean"]

AUXILIARY_WEIGHT = 0.3
"""How much the loss of a head in the middle counts: Szegedy et al. (2015), section 5."""


class Classification(nn.Module):
    """Cross-entropy between the softmax of the logits and the labels.

    Args:
        network: gives logits `(batch, classes)`.
        label_smoothing: share of the probability that is spread evenly over the classes.
    """

    def __init__(self, network: Network, *, label_smoothing: float = 0.0):
        super().__init__()
        self.network, self.label_smoothing = network, label_smoothing

    def forward(
        self,
        inputs: tuple[Tensor, ...],
        target: Tensor,
        weight: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Mean loss of a batch: `target` (batch,) codes of classes, `weight` (batch,) weights of rows."""
        losses = training_losses(
            self.network,
            inputs,
            lambda logits: F.cross_entropy(
                logits, target, reduction="none", label_smoothing=self.label_smoothing
            ),
        )
        return weighted_mean(losses, weight)


class Regression(nn.Module):
    """Squared error of one output.

    Args:
        network: gives `(batch, 1)`.
    """

    def __init__(self, network: Network):
        super().__init__()
        self.network = network

    def forward(
        self,
        inputs: tuple[Tensor, ...],
        target: Tensor,
        weight: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Mean loss of a batch: `target` (batch,) standardised values, `weight` (batch,) weights of rows."""
        losses = training_losses(
            self.network, inputs, lambda outputs: (outputs.squeeze(-1) - target).square()
        )
        return weighted_mean(losses, weight)


def training_losses(
    network: nn.Module, inputs: tuple[Tensor, ...], losses: Callable[[Tensor], Tensor]
) -> Tensor:
    """Losses of rows `(batch,)`; in training, auxiliary heads add theirs by `AUXILIARY_WEIGHT`.

    Args:
        network: a `Network`, or a head alone.
        inputs: of the network.
        losses: from outputs `(batch, outputs)` to losses `(batch,)`.
    """
    if not (network.training and isinstance(network, Network)):
        return losses(network(*inputs).float())
    outputs, auxiliary = network.forward_with_auxiliary(*inputs)
    found = losses(outputs.float())
    for middle in auxiliary:
        found = found + AUXILIARY_WEIGHT * losses(middle.float())
    return found


def weighted_mean(losses: Tensor, weight: Tensor | None) -> Tensor:
    """Mean of `(batch,)` losses, each counted by its weight; 0 where all weights are 0."""
    if weight is None:
        return losses.mean()
    return (losses * weight).sum() / weight.sum().clamp_min(torch.finfo(losses.dtype).tiny)
