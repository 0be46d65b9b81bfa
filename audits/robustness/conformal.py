"""Split conformal prediction: sets of labels that hold the true one as often as promised.

How odd each label would be for a row is scored; the labels that are no odder than a share 1 - α of the true
labels of calibration rows make the row's set. Whatever the model, a new row that is exchangeable with the
calibration rows finds its true label in its set with probability at least 1 - α (Vovk, Gammerman & Shafer,
"Algorithmic Learning in a Random World", 2005). The probability is over rows of all kinds together: a group
may be covered far less often, unless it is calibrated on its own rows (Mondrian conformal prediction, ibid.,
section 4.5).
"""

import math

import numpy as np
from scipy.special import betaincinv

__all__ = ["absolute_residual", "adaptive", "coverage_range", "least_ambiguous", "local_error", "threshold"]


def threshold(oddness: np.ndarray, alpha: float, weight: np.ndarray | None = None) -> float:
    """The ⌈(1 - α)(n + 1)⌉-th smallest oddness of the true labels; infinity where n is too small for any.

    Args:
        oddness: `(n,)` of the true label of each calibration row.
        alpha: share of new rows that may miss.
        weight: `(n,)` sample weights; a new row is taken to weigh as much as the mean of them.
    """
    if not len(oddness):
        return math.inf
    shares = np.ones(len(oddness)) if weight is None else weight / weight.mean()
    order = np.argsort(oddness, kind="stable")
    reached = np.cumsum(shares[order])
    # A whisker below: sums of weights that should be equal to the level may miss it by rounding.
    position = int(np.searchsorted(reached, (1 - alpha) * (len(oddness) + 1) - 1e-9))
    return float(oddness[order[position]]) if position < len(order) else math.inf


def coverage_range(rows: int, alpha: float, confidence: float = 0.95) -> tuple[float, float]:
    """Where coverage lies for so many calibration rows, if rows are exchangeable and oddness has no ties.

    Given the calibration rows, coverage is Beta(n + 1 - l, l) with l = ⌊α(n + 1)⌋ (Vovk, "Conditional
    validity of inductive conformal predictors", 2012, section 4; https://arxiv.org/abs/1209.2673).
    """
    spare = math.floor(alpha * (rows + 1) + 1e-9)
    if spare == 0:
        return 1.0, 1.0
    low, high = (
        betaincinv(rows + 1 - spare, spare, tail) for tail in ((1 - confidence) / 2, (1 + confidence) / 2)
    )
    return float(low), float(high)


def least_ambiguous(scores: np.ndarray) -> np.ndarray:
    """Oddness of every label as 1 - its score: the smallest sets on average (LAC).

    Sadinle, Lei & Wasserman, "Least ambiguous set-valued classifiers with bounded error levels" (2019),
    https://arxiv.org/abs/1609.00451. Sets may be empty, and hard rows may be covered rarely.

    Args:
        scores: `(n, classes)` probabilities.

    Returns:
        `(n, classes)`.
    """
    return np.round(1 - scores, 9)


def adaptive(scores: np.ndarray, draws: np.ndarray, *, penalty: float = 0.0, free: int = 0) -> np.ndarray:
    """Oddness as the score of all likelier labels, and a random part of its own: sets that grow on hard rows.

    APS: Romano, Sesia & Candès, "Classification with valid and adaptive coverage" (2020), section 2.1,
    https://arxiv.org/abs/2006.02544. With a penalty on every label beyond the first `free` ones it is RAPS,
    whose sets are smaller: Angelopoulos et al., "Uncertainty sets for image classifiers using conformal
    prediction" (2021), section 2.2, https://arxiv.org/abs/2009.14193.

    Args:
        scores: `(n, classes)` probabilities.
        draws: `(n,)` uniform draws; without their part coverage would be higher than promised.
        penalty: λ of RAPS; 0 is APS.
        free: k_reg of RAPS.

    Returns:
        `(n, classes)`.
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    ranked = np.take_along_axis(scores, order, axis=1)
    odd = np.cumsum(ranked, axis=1) - (1 - draws[:, None]) * ranked
    odd += penalty * np.maximum(np.arange(1, scores.shape[1] + 1) - free, 0)
    found = np.empty_like(odd)
    np.put_along_axis(found, order, odd, axis=1)
    return np.round(found, 9)


def absolute_residual(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Oddness of a value: its distance to the prediction. Intervals of one width for all."""
    return np.abs(y_true - y_pred)


def local_error(
    known_pred: np.ndarray, known_error: np.ndarray, y_pred: np.ndarray, neighbours: int
) -> np.ndarray:
    """Mean error of the known rows whose predictions lie around each row's: what its residual is divided by.

    Lei et al., "Distribution-free predictive inference for regression" (2018), section 5.2,
    https://arxiv.org/abs/1604.04173, with the prediction as the only feature that is looked at.

    Args:
        known_pred: `(m,)` predictions of rows that calibrate nothing else.
        known_error: `(m,)` their absolute errors.
        y_pred: `(n,)` predictions.
        neighbours: how many rows around, by rank of the prediction.

    Returns:
        `(n,)`, above 0.
    """
    order = np.argsort(known_pred, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(known_error[order])])
    count = min(neighbours, len(order))
    start = np.searchsorted(known_pred[order], y_pred) - count // 2
    start = np.clip(start, 0, len(order) - count)
    # No prediction is certain: an error of 0 all around would promise an interval without width.
    least = 1e-3 * known_error.mean() + np.finfo(float).tiny
    return np.maximum((sums[start + count] - sums[start]) / count, least)
