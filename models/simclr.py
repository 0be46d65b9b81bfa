"""SimCLR: learn images by pulling two augmented views of one together and pushing all others away.

Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations" (2020), section 2 and
algorithm 1, https://arxiv.org/abs/2002.05709
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .network import Network

__all__ = ["Augment", "SimCLR", "nt_xent"]

Augment = Callable[[Tensor, torch.Generator | None], Tensor]
"""One random view of each image of a batch, `(batch, channels, height, width)` to the same shape."""


class SimCLR(nn.Module):
    """Contrast two views of each image.

    Args:
        network: its `encode` is what is learned.
        augment: makes a view; called twice a batch.
        temperature: divides the similarities.
        projection_width: components in which the views are compared; that head is thrown away afterwards.
    """

    def __init__(
        self, network: Network, augment: Augment, *, temperature: float = 0.2, projection_width: int = 64
    ):
        super().__init__()
        self.network, self.augment, self.temperature = network, augment, temperature
        self.projection = nn.Sequential(
            nn.Linear(network.width, network.width), nn.ReLU(), nn.Linear(network.width, projection_width)
        )

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
        return nt_xent(first, second, self.temperature)


def nt_xent(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """Normalized temperature-scaled cross-entropy (equation 1), averaged over both views of every image.

    Args:
        first: `(batch, width)`, one view of each image.
        second: `(batch, width)`, the other view, in the same order.
        temperature: divides the cosine similarities.

    Returns:
        Scalar; log(2 * batch - 1) when nothing is told apart.
    """
    batch = len(first)
    views = F.normalize(torch.cat([first, second]).float(), dim=1)  # (2 * batch, width)
    similarities = (views @ views.T / temperature).fill_diagonal_(-torch.inf)  # a view isn't its own negative
    partner = torch.arange(2 * batch, device=views.device).roll(batch)
    return F.cross_entropy(similarities, partner)
