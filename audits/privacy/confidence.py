"""What a model's outputs say of one row: the scores that membership attacks start from.

All take logits, not rounded probabilities: rows learned by heart have a probability near 1, and differ in
the digits that rounding takes away.
"""

import numpy as np
from scipy.special import logsumexp

__all__ = ["logit_confidence", "loss_threshold", "minus_log_loss", "minus_squared_error"]


def minus_log_loss(logits: np.ndarray, y_true: np.ndarray) -> np.ndarray:
    """Log of the probability of the true class, at most 0, (…, n).

    Yeom et al., "Privacy Risk in Machine Learning" (2018), section 3.2, https://arxiv.org/abs/1709.01604: who
    has a small loss was probably learned from.

    Args:
        logits: (…, n, classes)
        y_true: (n,) codes of classes.
    """
    return _of_class(logits, y_true) - logsumexp(logits, axis=-1)


def minus_squared_error(values: np.ndarray, y_true: np.ndarray) -> np.ndarray:
    """The same attack for regression: minus the squared error, (n,), at most 0."""
    return -np.square(values - y_true)


def loss_threshold(outputs: np.ndarray, y_true: np.ndarray) -> np.ndarray:
    """Scores of the loss attack, (n,): they can't tell an easy row from one that is known by heart.

    Args:
        outputs: (n, classes) logits, or (n,) values of a regression.
        y_true: (n,) codes of classes, or values in the same unit.
    """
    if outputs.ndim == 1:
        return minus_squared_error(outputs, y_true)
    return minus_log_loss(outputs, y_true)


def logit_confidence(logits: np.ndarray, y_true: np.ndarray) -> np.ndarray:
    """log(p / (1 - p)) of the probability p of the true class, (…, n): nearly normal over models.

    Carlini et al. (2022), section IV.C, https://arxiv.org/abs/2112.03570; computed from logits, so that p = 1
    is no infinity.

    Args:
        logits: (…, n, classes), two classes or more.
        y_true: (n,) codes of classes.
    """
    others = np.where(np.arange(logits.shape[-1]) == y_true[:, None], -np.inf, logits)
    return _of_class(logits, y_true) - logsumexp(others, axis=-1)


def _of_class(logits: np.ndarray, y_true: np.ndarray) -> np.ndarray:
    index = np.broadcast_to(y_true[:, None], (*logits.shape[:-1], 1))
    return np.take_along_axis(logits, index, axis=-1)[..., 0]
