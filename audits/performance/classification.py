"""Metrics of decisions and of scores, one class against the rest; values equal scikit-learn's."""

import numpy as np

from ..intervals import Proportions, effective_trials, roc_area
from .statistic import Statistic, mean, share

__all__ = [
    "average",
    "average_precision",
    "brier_score",
    "f1",
    "log_loss",
    "proportion",
    "roc",
]


def proportion(hits: np.ndarray, among: np.ndarray, weight: np.ndarray) -> Statistic | None:
    """Share of `hits` in the rows `among`: accuracy, precision, recall; None where no row is among.

    Args:
        hits: (n,) bool.
        among: (n,) bool, the denominator.
        weight: (n,) sample weights.
    """
    of = weight * among
    total = of.sum()
    if total == 0:
        return None
    value = float((of * hits).sum() / total)
    hit, miss = of * hits, of * ~hits
    trials = effective_trials(hit.sum(), miss.sum(), (hit**2).sum(), (miss**2).sum())
    return Statistic(
        influence=of * (hits - value) / total,
        estimates=Proportions(value=np.array([value]), trials=np.array([trials])),
        rows=int(among.sum()),
    )


def f1(true: np.ndarray, pred: np.ndarray, weight: np.ndarray) -> Statistic | None:
    """Harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN); None if there is no TP, FP, FN."""
    tp, either = weight * (true & pred), weight * (true.astype(float) + pred)
    total = either.sum()
    if total == 0:
        return None
    value = float(2 * tp.sum() / total)
    influence = (2 * tp - value * either) / total
    return share(value, influence, smallest=int((true | pred).sum()))


def roc(scores: np.ndarray, true: np.ndarray, weight: np.ndarray) -> Statistic | None:
    """Area under the ROC curve (DeLong); None where only one class is present."""
    positives = int((true & (weight > 0)).sum())
    negatives = int((~true & (weight > 0)).sum())
    if positives == 0 or negatives == 0:
        return None
    area, influence = roc_area(scores, true, weight)
    return share(area, influence, smallest=min(positives, negatives))


def average_precision(scores: np.ndarray, true: np.ndarray, weight: np.ndarray) -> Statistic | None:
    """Precision averaged over positives, each at its own score as the threshold; None if none is positive.

    With P(s) the precision at threshold s and D(s) the share of rows at or above it, the influence of a row
    (y, s) is [y P(s) - AP y + sum over positives s' <= s of w' (y - P(s')) / D(s')] / pi.
    """
    weight = weight / weight.sum()
    positive = weight * true
    prevalence = positive.sum()
    if prevalence == 0:
        return None
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)  # last row of each tied block
    block = np.searchsorted(ends, np.arange(len(scores)))
    above = np.cumsum(weight[order])[ends]
    precision = np.cumsum(positive[order])[ends] / above
    inside = np.add.reduceat(positive[order], np.append(0, ends[:-1] + 1))
    # From the lowest score upwards: sums over positives at or below each block's score.
    count = np.cumsum((inside / above)[::-1])[::-1]
    weighted = np.cumsum((inside * precision / above)[::-1])[::-1]
    value = float((inside * precision).sum() / prevalence)
    here = true[order]
    influence = np.empty(len(scores))
    influence[order] = here * (precision[block] - value) + here * count[block] - weighted[block]
    return share(value, weight * influence / prevalence, smallest=int(true.sum()))


def log_loss(scores: np.ndarray, y_true: np.ndarray, weight: np.ndarray) -> Statistic:
    """Mean of minus the log of the score of the true class, in nats; scores are clipped away from 0.

    Its upper limit reckons with one more row that is wrong with the model's usual confidence: a model that
    makes few mistakes, each of them costly, may have made none of them in a small sample.
    """
    least = np.finfo(scores.dtype).eps
    true = scores[np.arange(len(y_true)), y_true]
    usual = float(np.median(-np.log(np.clip(1 - scores.max(axis=1), least, 1.0))))
    return mean(-np.log(np.clip(true, least, 1.0)), weight, unseen=usual)


def brier_score(scores: np.ndarray, y_true: np.ndarray, weight: np.ndarray) -> Statistic:
    """Mean squared error of the scores: of the positive class (binary), or over all classes (in [0, 2]).

    Its upper limit reckons with one more row that is as wrong as can be.
    """
    errors = ((scores - np.eye(scores.shape[1])[y_true]) ** 2).sum(axis=1)
    if scores.shape[1] == 2:
        return mean(errors / 2, weight, unseen=1.0)
    return mean(errors, weight, unseen=2.0)


def average(parts: list[Statistic | None], *, smallest: int) -> Statistic | None:
    """Unweighted mean over classes (macro); None where a class has no value.

    Args:
        parts: of each class.
        smallest: rows of the rarest class.
    """
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return share(
        float(np.mean([part.value for part in known])),
        np.mean([part.influence for part in known], axis=0),
        smallest=max(smallest, 1),
    )
