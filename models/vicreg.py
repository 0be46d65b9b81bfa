"""VICReg: views agree (invariance), no component goes still (variance), none repeats another (covariance).

Bardes et al., "VICReg: Variance-Invariance-Covariance Regularization for Self-Supervised Learning" (2022),
section 4.1 and algorithm 1, https://arxiv.org/abs/2105.04906
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .network import Network
from .projector import projector
from .simclr import Augment

__all__ = ["VICReg", "covariance_loss", "variance_loss", "vicreg_loss"]

EPSILON = 1e-4
"""Added to variances before their root (equation 2), whose slope has no bound at 0."""


class VICReg(nn.Module):
    """Pull two views together, while each view by itself must stay spread.

    Only the loss looks over the batch, for that is what variance and covariance are of. The network and the
    projection (the paper's expander) mix no rows.

    Args:
        network: its `encode` is what is learned.
        augment: makes a view; called twice a batch.
        invariance: lambda, what the distance between views weighs.
        variance: mu, what spread below 1 weighs.
        covariance: nu, what covariances weigh.
        projection_width: components that are compared, and units of the projection's hidden layers.
    """

    def __init__(
        self,
        network: Network,
        augment: Augment,
        *,
        invariance: float = 25.0,
        variance: float = 25.0,
        covariance: float = 1.0,
        projection_width: int = 128,
    ):
        super().__init__()
        self.network, self.augment = network, augment
        self.invariance, self.variance, self.covariance = invariance, variance, covariance
        self.projection = projector(network.width, projection_width, projection_width, projection_width)

    def forward(
        self,
        inputs: tuple[Tensor, ...],
        target: Tensor | None = None,
        weight: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Loss of a batch of images `(batch, channels, height, width)`; labels and weights aren't used."""
        (images,) = inputs
        views = torch.cat([self.augment(images, generator), self.augment(images, generator)])
        first, second = self.projection(self.network.encode(views)).chunk(2)
        return vicreg_loss(first, second, self.invariance, self.variance, self.covariance)


def vicreg_loss(
    first: Tensor, second: Tensor, invariance: float, variance: float, covariance: float
) -> Tensor:
    """The three terms, weighed (equation 6); the first is a mean over components too, as in algorithm 1.

    Args:
        first: `(batch, width)`, one view of each image.
        second: `(batch, width)`, the other view, in the same order.
        invariance: lambda.
        variance: mu.
        covariance: nu.

    Returns:
        Scalar, at least 0.
    """
    first, second = first.float(), second.float()
    spreads = covariances(first), covariances(second)
    return (
        invariance * F.mse_loss(first, second)
        + variance * (variance_loss(spreads[0]) + variance_loss(spreads[1]))
        + covariance * (covariance_loss(spreads[0]) + covariance_loss(spreads[1]))
    )


def covariances(features: Tensor) -> Tensor:
    """Covariance matrix of `(batch, width)` features (equation 3), `(width, width)`; 0 of a single row."""
    centred = features - features.mean(dim=0)
    return centred.T @ centred / max(len(features) - 1, 1)


def variance_loss(covariance: Tensor) -> Tensor:
    """How far standard deviations stay below 1, averaged over components (equations 1 and 2)."""
    return F.relu(1 - (covariance.diagonal() + EPSILON).sqrt()).mean()


def covariance_loss(covariance: Tensor) -> Tensor:
    """Sum of squares off the diagonal, over the width (equation 4)."""
    off_diagonal = covariance - covariance.diagonal().diag()
    return off_diagonal.square().sum() / len(covariance)
