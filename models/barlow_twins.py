"""Barlow Twins: each component sees the same in both views, and no two components see the same.

Zbontar et al., "Barlow Twins: Self-Supervised Learning via Redundancy Reduction" (2021), section 2 and
algorithm 1, https://arxiv.org/abs/2103.03230
"""

import torch
from torch import Tensor, nn

from .network import Network
from .projector import projector
from .simclr import Augment

__all__ = ["BarlowTwins", "cross_correlation", "redundancy_loss"]

EPSILON = 1e-5
"""Added to variances, as batch normalization does in algorithm 1; what never changes correlates with none."""


class BarlowTwins(nn.Module):
    """Make the correlations between the components of two views an identity matrix.

    Only the loss looks over the batch, for that is where its correlations come from: batches of a few rows
    teach little. The network and the projection mix no rows.

    Args:
        network: its `encode` is what is learned.
        augment: makes a view; called twice a batch.
        redundancy: lambda, what correlations between different components weigh.
        projection_width: components that are correlated, and units of the projection's hidden layers.
    """

    def __init__(
        self, network: Network, augment: Augment, *, redundancy: float = 5e-3, projection_width: int = 128
    ):
        super().__init__()
        self.network, self.augment, self.redundancy = network, augment, redundancy
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
        return redundancy_loss(cross_correlation(first, second), self.redundancy)


def cross_correlation(first: Tensor, second: Tensor) -> Tensor:
    """Correlation over the batch of each component of one view with each of the other (equation 2).

    Args:
        first: `(batch, width)`, one view of each image.
        second: `(batch, width)`, the other view, in the same order.

    Returns:
        `(width, width)` in [-1, 1].
    """
    return standardized(first.float()).T @ standardized(second.float()) / len(first)


def standardized(features: Tensor) -> Tensor:
    """Each component of `(batch, width)` with mean 0 and variance 1 over the batch."""
    centred = features - features.mean(dim=0)
    return centred * (centred.square().mean(dim=0) + EPSILON).rsqrt()


def redundancy_loss(correlation: Tensor, redundancy: float) -> Tensor:
    """Invariance plus lambda times redundancy (equation 1).

    Args:
        correlation: `(width, width)`.
        redundancy: lambda.

    Returns:
        Scalar: sum of (1 - diagonal)² plus lambda times the sum of the squares off it; 0 at the identity.
    """
    diagonal = correlation.diagonal()
    off_diagonal = correlation - diagonal.diag()
    return (1 - diagonal).square().sum() + redundancy * off_diagonal.square().sum()
