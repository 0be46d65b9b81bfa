"""The area under the ROC curve, its variance and its limits.

DeLong, DeLong & Clarke-Pearson, "Comparing the areas under two or more correlated receiver operating
characteristic curves" (1988), Biometrics 44(3): an area is a mean of placements, the share of the other
class that a row is ranked right against, and its variance is the sum of the variances of the two classes'
placements.
"""

import numpy as np

from .mass import Mass
from .proportion import Proportions

__all__ = ["area_limits", "roc_area"]

# DeLong's variance is 0 where a small group is ranked perfectly. One more row in each class, whose
# placement is half the range off, mends that: docs/audits/intervals.md has the coverage.
_PSEUDO_SQUARE = 0.25


def roc_area(
    scores: np.ndarray, positive: np.ndarray, weight: np.ndarray | Mass | None = None
) -> tuple[float, np.ndarray]:
    """Area under the ROC curve: chance that a positive row scores above a negative one, ties counted half.

    Args:
        scores: (n,) the higher, the more likely positive.
        positive: (n,) bool, with at least one row of each kind.
        weight: (n,) sample weights, or the mass of entries that stand for several rows.

    Returns:
        The area, and the influence of each row on it, (n,): DeLong's variance is the sum of its squares.
    """
    mass = Mass.of(weight, len(scores))
    weight = mass.weight
    placements = np.empty(len(scores))
    for mine, sign in ((positive, 1.0), (~positive, -1.0)):
        placements[mine] = _placements(sign * scores[mine], sign * scores[~mine], weight[~mine])
    area = float(np.average(placements[positive], weights=weight[positive]))
    influence = np.empty(len(scores))
    for mine in (positive, ~positive):
        rows = mass.rows[mine & (weight > 0)].sum()
        unbiased = np.sqrt(rows / (rows - 1)) if rows > 1 else 1.0
        influence[mine] = unbiased * mass.root[mine] * (placements[mine] - area) / weight[mine].sum()
    return area, influence


def ties(scores: np.ndarray, positive: np.ndarray, mass: Mass) -> float:
    """Share of the pairs of a positive and a negative row whose scores are equal."""
    _, block = np.unique(scores, return_inverse=True)
    inside = [np.bincount(block, mass.weight * of) for of in (positive, ~positive)]
    return float((inside[0] * inside[1]).sum() / (inside[0].sum() * inside[1].sum()))


def _placements(scores: np.ndarray, others: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weighted share of `others` that lie below each score, ties counted half."""
    order = np.argsort(others, kind="stable")
    others, below = others[order], np.concatenate([[0.0], np.cumsum(weight[order])])
    left, right = np.searchsorted(others, scores, "left"), np.searchsorted(others, scores, "right")
    return (below[left] + below[right]) / (2 * below[-1])


def area_limits(
    area: np.ndarray, variance: np.ndarray, positives: np.ndarray, negatives: np.ndarray
) -> Proportions:
    """Areas of groups as proportions of an effective number of trials, so that gaps can be taken of them.

    Args:
        area: (..., groups) areas.
        variance: (..., groups) DeLong variances.
        positives: (..., groups) number of positive rows.
        negatives: (..., groups) number of negative rows.
    """
    smaller = np.minimum(positives, negatives)
    with np.errstate(divide="ignore", invalid="ignore"):
        for rows in (positives, negatives):
            variance = variance + _PSEUDO_SQUARE / (rows * np.maximum(rows - 1, 1))
        shrunk = (area * smaller + 0.5) / (smaller + 1)
        trials = np.nan_to_num(shrunk * (1 - shrunk) / variance)
    return Proportions(value=area, trials=np.where(smaller > 0, trials, 0.0))
