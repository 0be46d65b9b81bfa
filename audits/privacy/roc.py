"""The ROC curve of a membership attack, read where it matters: at few false alarms.

Carlini et al., "Membership Inference Attacks From First Principles" (2022), section III,
https://arxiv.org/abs/2112.03570: an attack that is sure of a few people and blind to the rest has an area
near 1/2 and is dangerous; on log axes, and in the share found at a low false positive rate, it shows.
"""

import numpy as np
from scipy.stats import binom

from ..intervals import Proportions, pointwise

__all__ = ["curve", "log_points", "share_found", "share_found_limits"]


def curve(scores: np.ndarray, member: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rates, each (thresholds + 1,), from (0, 0) to (1, 1).

    Args:
        scores: (n,) the higher, the more likely a member.
        member: (n,) bool, at least one of each kind.
    """
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)  # ties fall together
    found = np.cumsum(member[order])[last]
    alarms = 1 + last - found
    return np.append(0.0, alarms / alarms[-1]), np.append(0.0, found / found[-1])


def share_found(scores: np.ndarray, member: np.ndarray, rate: float) -> float:
    """Largest true positive rate of a threshold whose false positive rate is at most `rate`."""
    false, true = curve(scores, member)
    return float(true[np.searchsorted(false, rate * (1 + 1e-12), side="right") - 1])


def share_found_limits(
    scores: np.ndarray, member: np.ndarray, rate: float, level: float
) -> tuple[float, float]:
    """Exact one-sided limits of the share found at the threshold that has this rate in the population.

    The threshold is only known from the non-members, so half of the error goes to it (limits of a quantile by
    order statistics) and half to the share of members above it (Clopper and Pearson). Conservative.

    Args:
        scores: (n,) the higher, the more likely a member.
        member: (n,) bool
        rate: false positive rate.
        level: confidence of each limit.
    """
    half = (1 - level) / 2
    others, members = np.sort(scores[~member])[::-1], scores[member]
    fewest = int(binom.ppf(half, len(others), rate))  # alarms among them at the true threshold, at least
    most = int(binom.isf(half, len(others), rate))
    strict = others[fewest - 1] if fewest > 0 else np.inf  # not below the true threshold
    lax = others[most] if most < len(others) else -np.inf  # not above it
    # Found is who scores above a threshold: of rows that tie with it, none or all would be.
    counts = np.array([np.count_nonzero(members > strict), np.count_nonzero(members > lax)])
    shares = Proportions(value=counts / len(members), trials=np.full(2, float(len(members))))
    lower, upper = shares.limits(pointwise(1 - half))
    return float(lower[0]), float(upper[1])


def log_points(scores: np.ndarray, member: np.ndarray, points: int = 60) -> list[dict[str, float]]:
    """The curve at false positive rates evenly spread on a log axis, from one false alarm to all."""
    false, true = curve(scores, member)
    rates = np.geomspace(1 / np.count_nonzero(~member), 1.0, points)
    at = np.unique(np.searchsorted(false, rates * (1 + 1e-12), side="right") - 1)
    return [{"fpr": float(false[i]), "tpr": float(true[i])} for i in at]
