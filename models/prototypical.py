"""Prototypical networks: a class is the mean of its examples, and a row belongs to the nearest mean.

Snell, Swersky & Zemel, "Prototypical Networks for Few-shot Learning" (2017), https://arxiv.org/abs/1703.05175
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .episodes import Episode
from .network import Network

__all__ = ["Prototypical", "prototypes", "squared_distances"]


class Prototypical(nn.Module):
    """Distances in what an encoder makes of rows (section 2.3, algorithm 1).

    It learns nothing from a support but its means, so any number of ways and shots can be asked of it;
    training with more ways than will be asked for is what the paper found best (section 3.1).

    Args:
        encoder: rows `(batch, …)` to vectors `(batch, width)`; of a `Network`, its representation.
    """

    def __init__(self, encoder: nn.Module):
        super().__init__()
        self.encoder = encoder

    def forward(self, episode: Episode) -> Tensor:
        """Mean negative log-likelihood of the queries' classes (equation 2)."""
        return F.cross_entropy(self.logits(episode), episode.query_target)

    def encode(self, rows: Tensor) -> Tensor:
        """Vectors `(batch, width)`, before any head."""
        return self.encoder.encode(rows) if isinstance(self.encoder, Network) else self.encoder(rows)

    def logits(self, episode: Episode) -> Tensor:
        """Negative squared distances of the queries to each class's mean, `(N Q, N)`."""
        encoded = self.encode(torch.cat([episode.support, episode.query]))
        support, query = encoded.split([len(episode.support), len(episode.query)])
        return -squared_distances(query, prototypes(support, episode.support_target, episode.ways))


def prototypes(support: Tensor, target: Tensor, ways: int) -> Tensor:
    """Mean of each class's vectors (equation 1), `(N, width)`.

    Args:
        support: encoded, `(rows, width)`.
        target: classes, `(rows,)`, each there at least once.
        ways: N.
    """
    member = F.one_hot(target, ways).to(support.dtype)
    return member.T @ support / member.sum(dim=0).unsqueeze(1)


def squared_distances(first: Tensor, second: Tensor) -> Tensor:
    """Between all pairs, `(rows, others)`: a Bregman divergence, whose mean is the prototype (2.4)."""
    return (first.unsqueeze(1) - second.unsqueeze(0)).square().sum(dim=2)
