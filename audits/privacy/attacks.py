"""Scores of membership attacks: one number a row, the higher, the more likely it was trained on."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from .confidence import logit_confidence, minus_log_loss, minus_squared_error
from .lira import offline_scores, online_scores
from .shadows import Recipe, halves, train_shadows

__all__ = ["ShadowConfidences", "likelihood_ratio", "loss_threshold", "shadow_confidences"]


def loss_threshold(outputs: np.ndarray, y_true: np.ndarray) -> np.ndarray:
    """Minus the loss, (n,): it needs nothing but the model, and can't tell an easy row from a known one.

    Args:
        outputs: (n, classes) logits, or (n,) values of a regression.
        y_true: (n,) codes of classes, or values in the same unit.
    """
    if outputs.ndim == 1:
        return minus_squared_error(outputs, y_true)
    return minus_log_loss(outputs, y_true)


@dataclass(frozen=True, kw_only=True)
class ShadowConfidences:
    """What shadow models say of every row: all that the likelihood ratio needs to be computed again."""

    confidence: np.ndarray
    """(models, n) logit-scaled confidences of the true class."""
    included: np.ndarray
    """(models, n) bool: who was trained on what."""


def shadow_confidences(
    make: Callable[[], nn.Module],
    inputs: tuple[Tensor, ...],
    target: Tensor,
    recipe: Recipe,
    *,
    models: int = 16,
) -> ShadowConfidences:
    """Train shadow models on halves of these rows, and ask each of them about all rows.

    Members and others of the attacked model should be about as many: then a shadow model sees as many rows as
    the attacked one did.

    Args:
        make: gives an untrained network of the attacked architecture, `inputs` to logits.
        inputs: of all n rows, members and others, `(n, …)` each.
        target: (n,) codes of classes.
        recipe: how the attacked model was trained.
        models: an even number of 4 or more.

    Raises:
        ModelError: such a network can't be stacked.
    """
    included = halves(models, len(target), rng=np.random.default_rng(recipe.seed))
    shadows = train_shadows(make, inputs, target, included, recipe)
    confidence = logit_confidence(shadows.outputs(inputs), target.cpu().numpy())
    return ShadowConfidences(confidence=confidence, included=included)


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
