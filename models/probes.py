"""How good is a representation as it is? Nearest neighbours and a linear probe, both in closed form.

Neighbours: Wu et al., "Unsupervised Feature Learning via Non-Parametric Instance Discrimination" (2018),
section 3.4, https://arxiv.org/abs/1805.01978. Linear probe: Alain & Bengio, "Understanding intermediate
layers using linear classifier probes" (2017), https://arxiv.org/abs/1610.01644, here by least squares.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["linear_probe", "nearest_neighbours"]

_QUERIES = 512
"""Queries compared at once, so that memory doesn't grow with them."""


def nearest_neighbours(
    features: Tensor, values: Tensor, queries: Tensor, *, neighbours: int = 20, temperature: float = 0.07
) -> Tensor:
    """Mean of the nearest rows' values by cosine similarity, weighed by exp(similarity / temperature).

    Args:
        features: `(rows, width)`.
        values: `(rows, outputs)`: classes as ones and zeros, or targets.
        queries: `(queries, width)`.
        neighbours: k; all rows where there are fewer.
        temperature: of the weights.

    Returns:
        `(queries, outputs)`.
    """
    directions = F.normalize(features.double(), dim=1)
    found = []
    for part in F.normalize(queries.double(), dim=1).split(_QUERIES):
        nearest = (part @ directions.T).topk(min(neighbours, len(features)), dim=1)
        weights = (nearest.values / temperature).softmax(dim=1)  # (part, k)
        found.append((weights.unsqueeze(2) * values.double()[nearest.indices]).sum(dim=1))
    return torch.cat(found)


def linear_probe(features: Tensor, values: Tensor, queries: Tensor, *, ridge: float = 1e-3) -> Tensor:
    """Ridge regression of the values on standardized features.

    The largest output is the class: a linear classifier, though not the one of largest likelihood.

    Args:
        features: `(rows, width)`.
        values: `(rows, outputs)`: classes as ones and zeros, or targets.
        queries: `(queries, width)`.
        ridge: penalty of squared weights beside the mean squared error.

    Returns:
        `(queries, outputs)`.
    """
    features, values, queries = features.double(), values.double(), queries.double()
    spread, middle = torch.std_mean(features, dim=0, correction=0)
    spread = torch.where(spread > 1e-9, spread, 1.0)  # what never changes stays 0
    known, asked = (features - middle) / spread, (queries - middle) / spread
    penalty = ridge * torch.eye(known.shape[1], dtype=known.dtype)
    weights = torch.linalg.solve(
        known.T @ known / len(known) + penalty, known.T @ (values - values.mean(dim=0)) / len(known)
    )
    return asked @ weights + values.mean(dim=0)
