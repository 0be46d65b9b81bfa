"""Does taking away what the explanation calls important lower the score more than taking away anything?

Deletion and insertion: Samek et al., "Evaluating the Visualization of What a Deep Neural Network Has Learned"
(2017), section III, https://arxiv.org/abs/1509.06321, and Petsiuk et al., "RISE" (2018), section 4.2,
https://arxiv.org/abs/1806.07421; each row against random orders.
"""

from collections.abc import Callable

import numpy as np

RANDOM_ORDERS = 3
MOST_STEPS = 16

Score = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From parts that are gone, `(n, parts)` bool, and positions of rows `(n,)` to what is explained, `(n,)`."""


def advantages(score: Score, importance: np.ndarray, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """How much further the score falls, deleting by importance instead of at random; and rises, inserting.

    The score is averaged over all steps, from no part gone to all of them. Putting parts back by importance
    passes through the same rows as deleting in the reverse order, so that both share their random orders.

    Args:
        score: what is explained, and how a part is taken away.
        importance: `(rows, parts)`; the largest goes, or comes, first.
        seed: of the random orders.

    Returns:
        Of deletion and of insertion, `(rows,)` each: above 0 is better than random.
    """
    rng = np.random.default_rng(seed)
    order = np.argsort(-importance, axis=1, kind="stable")
    orders = (np.argsort(rng.random(importance.shape), axis=1) for _ in range(RANDOM_ORDERS))
    chance = np.mean([_mean_score(score, other) for other in orders], axis=0)
    return chance - _mean_score(score, order), _mean_score(score, order[:, ::-1]) - chance


def _mean_score(score: Score, order: np.ndarray) -> np.ndarray:
    """Score averaged over the steps of one deletion in the given order of parts, `(rows,)`."""
    rows, parts = order.shape
    steps = np.linspace(0, parts, min(parts, MOST_STEPS) + 1).round()
    rank = np.argsort(order, axis=1)  # (rows, parts): how many parts go before this one
    gone = rank[:, None, :] < steps[None, :, None]  # (rows, steps, parts)
    scores = score(gone.reshape(-1, parts), np.arange(rows).repeat(len(steps)))
    return scores.reshape(rows, len(steps)).mean(axis=1)
