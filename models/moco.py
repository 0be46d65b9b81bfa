"""MoCo v2: tell the other view of an image from a queue of views of earlier images.

He et al., "Momentum Contrast for Unsupervised Visual Representation Learning" (2020), section 3 and algorithm
1, https://arxiv.org/abs/1911.05722; with the head, views and temperature of Chen et al., "Improved Baselines
with Momentum Contrastive Learning" (2020), https://arxiv.org/abs/2003.04297
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .momentum_encoder import MomentumEncoder
from .network import Network
from .simclr import Augment

__all__ = ["MoCo", "info_nce_with_queue"]


class MoCo(nn.Module):
    """Contrast a view with the keys of earlier batches, so that a small batch has many negatives.

    The paper shuffles rows between devices so that batch normalization can't give the partner away. Here
    nothing is shuffled: choose a network whose norm mixes no rows, as `resnet_small` and `vit_small`.

    Args:
        network: its `encode` is what is learned.
        augment: makes a view; called twice a batch.
        temperature: divides the similarities.
        momentum: of the encoder of keys. The paper's 0.999 is for hundreds of thousands of steps.
        queue: number of keys kept as negatives, a small part of the rows (the paper's is a twentieth): else
            an image's own key of the epoch before is still among them, to be pushed away.
        projection_width: components in which views are compared.
    """

    queue: Tensor

    def __init__(
        self,
        network: Network,
        augment: Augment,
        *,
        temperature: float = 0.2,
        momentum: float = 0.99,
        queue: int = 128,
        projection_width: int = 64,
    ):
        super().__init__()
        if queue < 1:
            raise ValueError(f"queue: got {queue}, expected at least one key")
        self.network, self.augment, self.temperature = network, augment, temperature
        self.projection = nn.Sequential(
            nn.Linear(network.width, network.width), nn.ReLU(), nn.Linear(network.width, projection_width)
        )
        self.keys = MomentumEncoder(network, self.projection, momentum)
        self.register_buffer("queue", F.normalize(torch.randn(queue, projection_width), dim=1))

    def forward(
        self,
        inputs: tuple[Tensor, ...],
        target: Tensor | None = None,
        weight: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Loss of a batch of images `(batch, channels, height, width)`; labels and weights aren't used.

        In training the encoder of keys follows first, and the keys join the queue last.
        """
        (images,) = inputs
        if self.training:
            self.keys.follow(self.network, self.projection)
        queries = self.projection(self.network.encode(self.augment(images, generator)))
        keys = F.normalize(self.keys(self.augment(images, generator)).float(), dim=1)
        loss = info_nce_with_queue(queries, keys, self.queue, self.temperature)
        if self.training:
            # A new tensor: the old one is still needed by the loss's gradient.
            self.queue = torch.cat([keys, self.queue])[: len(self.queue)]
        return loss


def info_nce_with_queue(queries: Tensor, keys: Tensor, queue: Tensor, temperature: float) -> Tensor:
    """How badly each query picks its key out of that key and the whole queue (equation 1).

    Args:
        queries: `(batch, width)`, of any length.
        keys: `(batch, width)`, row i belongs to query i; length 1.
        queue: `(keys, width)` negatives of length 1.
        temperature: divides the cosine similarities.

    Returns:
        Scalar; log(1 + keys) when nothing is told apart.
    """
    queries = F.normalize(queries.float(), dim=1)
    positive = (queries * keys).sum(dim=1, keepdim=True)  # (batch, 1)
    logits = torch.cat([positive, queries @ queue.T], dim=1) / temperature
    return F.cross_entropy(logits, torch.zeros(len(queries), dtype=torch.long, device=queries.device))
