"""Metrics of decisions and of scores, one class against the rest; values equal scikit-learn's."""

import dataclasses

import numpy as np

from ..intervals import Mass, Proportions, capped, effective_trials, roc_area, ties
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


def proportion(hits: np.ndarray, among: np.ndarray, mass: Mass) -> Statistic | None:
    """Share of `hits` in the rows `among`: accuracy, precision, recall; None where no row is among.

    Args:
        hits: (n,) bool.
        among: (n,) bool, the denominator.
        mass: (n,) of each entry.
    """
    hit, miss = among & hits, among & ~hits
    total = mass.weight[among].sum()
    if total == 0:
        return None
    value = float(mass.weight[hit].sum() / total)
    sums = (of[side].sum() for of in (mass.weight, mass.squared) for side in (hit, miss))
    return Statistic(
        influence=mass.root * among * (hits - value) / total,
        estimates=Proportions(value=np.array([value]), trials=np.array([effective_trials(*sums)])),
        rows=float(mass.rows[among].sum()),
    )


def f1(true: np.ndarray, pred: np.ndarray, mass: Mass) -> Statistic | None:
    """Harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN); None if there is no TP, FP, FN."""
    both, either = true & pred, true.astype(float) + pred
    total = (mass.weight * either).sum()
    if total == 0:
        return None
    value = float(2 * mass.weight[both].sum() / total)
    influence = mass.root * (2 * both - value * either) / total
    return share(value, influence, smallest=mass.rows[true | pred].sum(), rows=mass.rows.sum())


def roc(scores: np.ndarray, true: np.ndarray, mass: Mass, *, condensed: bool = False) -> Statistic | None:
    """Area under the ROC curve (DeLong); None where only one class is present.

    Args:
        scores: (n,) or, of condensed rows, their order.
        true: (n,) bool.
        mass: (n,) of each entry.
        condensed: scores that are equal here may have been unequal; the limits allow for either order.
    """
    positives, negatives = (mass.rows[of & (mass.weight > 0)].sum() for of in (true, ~true))
    if positives == 0 or negatives == 0:
        return None
    area, influence = roc_area(scores, true, mass)
    slack = ties(scores, true, mass) / 2 if condensed else 0.0
    return share(area, influence, smallest=min(positives, negatives), rows=mass.rows.sum(), slack=slack)


def average_precision(
    scores: np.ndarray, true: np.ndarray, mass: Mass, *, condensed: bool = False
) -> Statistic | None:
    """Precision averaged over positives, each at its own score as the threshold; None if none is positive.

    With P(s) the precision at threshold s and D(s) the share of rows at or above it, the influence of a row
    (y, s) is [y P(s) - AP y + sum over positives s' <= s of w' (y - P(s')) / D(s')] / pi.
    """
    whole = mass.weight.sum()
    weight = mass.weight / whole
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
    influence *= mass.root / whole / prevalence
    slack = 0.0
    if condensed:
        # In its block a positive may stand before every negative, or behind all of them.
        first, ahead = np.diff(above, prepend=0.0), np.append(0.0, above[:-1])
        hits = np.append(0.0, (precision * above)[:-1])
        with np.errstate(invalid="ignore"):
            best = (hits + inside) / (ahead + inside)
        worst = hits / np.maximum(ahead + first - inside, np.finfo(float).tiny)
        reach = np.maximum(best - precision, precision - np.minimum(worst, precision))
        slack = float((inside * np.nan_to_num(reach)).sum() / prevalence)
    return share(value, influence, smallest=mass.rows[true].sum(), rows=mass.rows.sum(), slack=slack)


def log_loss(scores: np.ndarray, y_true: np.ndarray, mass: Mass) -> Statistic:
    """Mean of minus the log of the score of the true class, in nats; scores are clipped away from 0.

    Its upper limit reckons with one more row that is wrong with the model's usual confidence: a model that
    makes few mistakes, each of them costly, may have made none of them in a small sample.
    """
    least = np.finfo(scores.dtype).eps
    true = scores[np.arange(len(y_true)), y_true]
    usual = _median(-np.log(np.clip(1 - scores.max(axis=1), least, 1.0)), mass.rows)
    return mean(-np.log(np.clip(true, least, 1.0)), mass, unseen=usual)


def brier_score(scores: np.ndarray, y_true: np.ndarray, mass: Mass) -> Statistic:
    """Mean squared error of the scores: of the positive class (binary), or over all classes (in [0, 2]).

    Its upper limit reckons with one more row that is as wrong as can be.
    """
    errors = ((scores - np.eye(scores.shape[1])[y_true]) ** 2).sum(axis=1)
    if scores.shape[1] == 2:
        errors = errors / 2
    most = 1.0 if scores.shape[1] == 2 else 2.0
    found = mean(errors, mass, unseen=most)
    return dataclasses.replace(found, estimates=capped(found.estimates, most))


def _median(values: np.ndarray, rows: np.ndarray) -> float:
    """Median over rows: the mean of the two middle ones."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(rows[order])
    middle = np.searchsorted(reached, [(reached[-1] - 1) // 2, reached[-1] // 2], "right")
    return float(values[order][middle].mean())


def average(parts: list[Statistic | None], *, smallest: float, rows: float) -> Statistic | None:
    """Unweighted mean over classes (macro); None where a class has no value.

    Args:
        parts: of each class.
        smallest: rows of the rarest class.
        rows: of all classes.
    """
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return share(
        float(np.mean([part.value for part in known])),
        np.mean([part.influence for part in known], axis=0),
        smallest=max(smallest, 1),
        rows=rows,
    )
