"""BYOL: predict how a slow copy of the network sees another view of the same image, without negatives.

Grill et al., "Bootstrap Your Own Latent" (2020), section 3, https://arxiv.org/abs/2006.07733
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .momentum_encoder import MomentumEncoder
from .network import Network
from .projector import projector
from .simclr import Augment

__all__ = ["BYOL", "normalized_error"]


class BYOL(nn.Module):
    """Predict the target's projection of one view from the other view, both ways.

    Giving every image the same vector would be a perfect answer; that the predictor and the slow target keep
    the network from it is an observation, not a guarantee: look at `feature_std`. Projection and predictor
    normalize over the batch, as the paper's: with a norm of each row, or none, digits collapsed. The network
    itself needs no batch statistics. The paper lets `momentum` rise to 1 in the end; here it is constant.

    Args:
        network: its `encode` is what is learned.
        augment: makes a view; called twice a batch.
        momentum: of the target.
        projection_width: components in which views are compared.
        hidden: units inside the projection and the predictor.
    """

    def __init__(
        self,
        network: Network,
        augment: Augment,
        *,
        momentum: float = 0.99,
        projection_width: int = 64,
        hidden: int = 128,
    ):
        super().__init__()
        self.network, self.augment = network, augment
        self.projection = projector(network.width, hidden, projection_width, norm=nn.BatchNorm1d)
        self.predictor = projector(projection_width, hidden, projection_width, norm=nn.BatchNorm1d)
        self.target = MomentumEncoder(network, self.projection, momentum)

    def forward(
        self,
        inputs: tuple[Tensor, ...],
        target: Tensor | None = None,
        weight: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Loss of a batch of images `(batch, channels, height, width)`; labels and weights aren't used.

        In training the target follows first.
        """
        (images,) = inputs
        if self.training:
            self.target.follow(self.network, self.projection)
        views = torch.cat([self.augment(images, generator), self.augment(images, generator)])
        first, second = self.predictor(self.projection(self.network.encode(views))).chunk(2)
        first_target, second_target = self.target(views).chunk(2)
        return normalized_error(first, second_target) + normalized_error(second, first_target)


def normalized_error(predictions: Tensor, targets: Tensor) -> Tensor:
    """Squared distance between directions (equation 2): 2 - 2 * cosine, averaged over rows.

    Args:
        predictions: `(batch, width)`.
        targets: `(batch, width)`.

    Returns:
        Scalar in [0, 4]; 0 where all directions agree, 2 where they have nothing to do with each other.
    """
    return 2 - 2 * F.cosine_similarity(predictions.float(), targets.float(), dim=1).mean()
