"""Scores of membership attacks: one number a row, the higher, the more likely it was trained on."""

from collections.abc import Callable

import numpy as np
from torch import Tensor, nn

from .confidence import logit_confidence, minus_log_loss, minus_squared_error
from .lira import offline_scores, online_scores
from .shadows import Recipe, halves, train_shadows

__all__ = ["likelihood_ratio", "loss_threshold"]


def loss_threshold(outputs: np.ndarray, y_true: np.ndarray) -> np.ndarray:
    """Minus the loss, (n,): it needs nothing but the model, and can't tell an easy row from a known one.

    Args:
        outputs: (n, classes) logits, or (n,) values of a regression.
        y_true: (n,) codes of classes, or values in the same unit.
    """
    if outputs.ndim == 1:
        return minus_squared_error(outputs, y_true)
    return minus_log_loss(outputs, y_true)


def likelihood_ratio(
    make: Callable[[], nn.Module],
    inputs: tuple[Tensor, ...],
    target: Tensor,
    attacked: np.ndarray,
    recipe: Recipe,
    *,
    models: int = 16,
    online: bool = True,
) -> np.ndarray:
    """LiRA's scores of members and others alike, (n,), by shadow models trained on halves of these rows.

    Members and others should be about as many: then a shadow model sees as many rows as the attacked one did.

    Args:
        make: gives an untrained network of the attacked architecture, `inputs` to logits.
        inputs: of all n rows, members and others, `(n, …)` each.
        target: (n,) codes of classes.
        attacked: (n, classes) logits of the attacked model.
        recipe: how the attacked model was trained.
        models: shadow models, an even number of 4 or more.
        online: compare models that saw a row with those that didn't; otherwise look at the latter alone.

    Raises:
        ModelError: such a network can't be stacked.
    """
    included = halves(models, len(target), rng=np.random.default_rng(recipe.seed))
    shadows = train_shadows(make, inputs, target, included, recipe)
    y_true = target.cpu().numpy()
    known = logit_confidence(shadows.outputs(inputs), y_true)
    score = online_scores if online else offline_scores
    return score(logit_confidence(attacked, y_true), known, included)
