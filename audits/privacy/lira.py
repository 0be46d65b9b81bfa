"""The likelihood ratio attack: is a row's confidence that of models which saw it, or of those which didn't?

Carlini et al., "Membership Inference Attacks From First Principles" (2022), algorithm 1 and section VI,
https://arxiv.org/abs/2112.03570

It can't find more than its shadow models know: they have to be trained as the attacked model was, on like
data. With few of them, or with noise in training, it finds less than a better attack might.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr

from .confidence import logit_confidence

__all__ = ["ENOUGH", "ShadowConfidences", "likelihood_ratio", "offline_scores", "online_scores"]

ENOUGH = 64
"""Shadow models from which each row has a variance of its own; fewer share one over all rows (section VI)."""


@dataclass(frozen=True, kw_only=True)
class ShadowConfidences:
    """What shadow models say of every row: all that the likelihood ratio needs to be computed again."""

    confidence: np.ndarray
    """(models, n) logit-scaled confidences of the true class."""
    included: np.ndarray
    """(models, n) bool: who was trained on what."""


def likelihood_ratio(
    outputs: np.ndarray, y_true: np.ndarray, shadows: ShadowConfidences, *, online: bool = True
) -> np.ndarray:
    """LiRA's scores, (n,).

    Args:
        outputs: (n, classes) logits of the attacked model.
        y_true: (n,) codes of classes.
        shadows: of the same rows.
        online: compare models that saw a row with those that didn't; otherwise look at the latter alone.
    """
    score = online_scores if online else offline_scores
    return score(logit_confidence(outputs, y_true), shadows.confidence, shadows.included)


def online_scores(attacked: np.ndarray, shadows: np.ndarray, included: np.ndarray) -> np.ndarray:
    """Log likelihood ratio of two normal distributions, (n,): above 0 speaks for membership.

    Args:
        attacked: (n,) logit-scaled confidences of the attacked model.
        shadows: (models, n) the same of shadow models.
        included: (models, n) bool: which of them saw a row; each was seen and not seen twice or more.
    """
    inside, outside = _Normal(shadows, included), _Normal(shadows, ~included)
    return inside.log_density(attacked) - outside.log_density(attacked)


def offline_scores(attacked: np.ndarray, shadows: np.ndarray, included: np.ndarray) -> np.ndarray:
    """Log probability that a model which didn't see the row is less confident, (n,), at most 0.

    For rows that only the attacked model may have seen: `included` may be False everywhere. Arguments as of
    `online_scores`.
    """
    outside = _Normal(shadows, ~included)
    return log_ndtr((attacked - outside.mean) / outside.deviation)


class _Normal:
    """A normal distribution a row, fitted to the shadow models that are `counted`.

    Args:
        shadows: (models, n)
        counted: (models, n) bool
    """

    def __init__(self, shadows: np.ndarray, counted: np.ndarray):
        models = counted.sum(axis=0)
        assert models.min() >= 2, "a row needs two models of each kind to be compared with"
        self.mean = np.sum(shadows, axis=0, where=counted) / models
        squares = np.sum(np.square(shadows - self.mean), axis=0, where=counted)
        if len(shadows) >= ENOUGH:
            variance = squares / (models - 1)
        else:
            variance = np.full_like(self.mean, squares.sum() / (models - 1).sum())
        self.deviation = np.sqrt(np.maximum(variance, 1e-12))

    def log_density(self, values: np.ndarray) -> np.ndarray:
        """Up to the constant that all normal distributions share."""
        return -np.log(self.deviation) - np.square((values - self.mean) / self.deviation) / 2
