"""Does taking away what the explanation calls important lower the score more than taking away anything?

Samek et al., "Evaluating the Visualization of What a Deep Neural Network Has Learned" (2017), section III,
https://arxiv.org/abs/1509.06321 (area over the perturbation curve), each row against random orders.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from .outputs import batched

RANDOM_ORDERS = 3
MOST_STEPS = 16

Score = Callable[[Tensor, Tensor], Tensor]
"""From parts that are gone, `(n, parts)` bool, and positions of rows `(n,)` to what is explained, `(n,)`."""


def advantage(score: Score, importance: np.ndarray, *, seed: int) -> np.ndarray:
    """How much further the score falls, deleting by importance instead of at random.

    The score is averaged over all steps of the deletion, from none to all parts gone.

    Args:
        score: what is explained, and how a part is taken away.
        importance: `(rows, parts)`; the largest goes first.
        seed: of the random orders.

    Returns:
        `(rows,)`: mean score under random deletion minus that under deletion by importance; above 0 is better
        than random.
    """
    rng = np.random.default_rng(seed)
    ours = _mean_score(score, np.argsort(-importance, axis=1, kind="stable"))
    orders = (np.argsort(rng.random(importance.shape), axis=1) for _ in range(RANDOM_ORDERS))
    return np.mean([_mean_score(score, order) for order in orders], axis=0) - ours


def _mean_score(score: Score, order: np.ndarray) -> np.ndarray:
    """Score averaged over the steps of one deletion in the given order of parts, `(rows,)`."""
    rows, parts = order.shape
    steps = np.linspace(0, parts, min(parts, MOST_STEPS) + 1).round()
    rank = np.argsort(order, axis=1)  # (rows, parts): how many parts go before this one
    gone = rank[:, None, :] < steps[None, :, None]  # (rows, steps, parts)
    row = torch.arange(rows).repeat_interleave(len(steps))
    scores = batched(score, torch.from_numpy(gone).flatten(0, 1), row)
    return scores.view(rows, len(steps)).double().mean(dim=1).numpy()
