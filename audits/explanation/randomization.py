"""Does the explanation depend on what the model has learned?

Adebayo et al., "Sanity Checks for Saliency Maps" (2018), section 3.1, https://arxiv.org/abs/1810.03292.
Weights are drawn anew and explanations compared by rank: near 0, they follow the model; near 1, they would
look the same for a model that knows nothing.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from scipy.stats import rankdata

DRAWS = 3


def randomized(module: Any, seed: int) -> Any:
    """A copy whose every parameter is drawn from a normal of the same mean and spread as it had."""
    copy = deepcopy(module)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in copy.parameters():
            if parameter.is_floating_point() and parameter.numel() > 1:
                noise = torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
                parameter.copy_(parameter.mean() + parameter.std() * noise)
    return copy.eval()


def rank_correlation(
    module: Any, explanation: np.ndarray, explain: Callable[[Any], np.ndarray], *, seed: int
) -> np.ndarray:
    """Spearman's correlation of each row's explanation with those of randomized models, averaged over draws.

    Args:
        module: the trained network.
        explanation: strengths `(rows, parts)` that `explain` gave for it.
        explain: strengths `(rows, parts)` of another network on the same rows.
        seed: of the weights.

    Returns:
        `(rows,)` in [-1, 1]; 0 where one of the two has no order at all.
    """
    draws = [explain(randomized(module, seed + draw)) for draw in range(DRAWS)]
    return np.mean([spearman(explanation, other) for other in draws], axis=0)


def spearman(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Rank correlation of two arrays `(rows, parts)`, row by row; 0 where one side is constant."""
    a, b = (rankdata(side, axis=1) - (side.shape[1] + 1) / 2 for side in (left, right))
    norm = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.divide((a * b).sum(axis=1), norm, out=np.zeros(len(a)), where=norm > 0)
