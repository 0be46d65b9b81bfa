"""Group-dependent thresholds: the most accurate decisions from given scores whose gap is at most a limit.

Hardt, Price & Srebro, "Equality of Opportunity in Supervised Learning" (2016), section 4,
https://arxiv.org/abs/1610.02413

A group's thresholds draw its ROC curve; mixing two thresholds by chance reaches every point between them, so
the reachable points are the region below the curve's hull. Error and rates are linear in the chances of the
hull's corners: a linear program finds the least error whose rates differ by at most the limit. With limit 0
that is the paper's post-processing; larger limits draw the trade-off.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from ..predictor.group_thresholds import GroupThresholds, Steps
from .groups import LEAST, Groups, too_few
from .methods import Constraint

_NEGLIGIBLE = 1e-9


@dataclass(frozen=True, kw_only=True)
class Hull:
    """Corners of one group's ROC hull, from 'nobody' to 'everybody'.

    Attributes:
        thresholds: `(corners,)` falling; a score at or above it is decided positively; infinity is nobody.
        false_positive: `(corners,)` rates, rising.
        true_positive: `(corners,)` rates, rising.
        negatives: weight of the truly negative rows.
        positives: weight of the truly positive rows.
    """

    thresholds: np.ndarray
    false_positive: np.ndarray
    true_positive: np.ndarray
    negatives: float
    positives: float

    def rate(self, kind: str) -> np.ndarray:
        """`(corners,)` rate that a constraint compares."""
        if kind != "selection":
            return self.true_positive if kind == "true_positive" else self.false_positive
        hits = self.negatives * self.false_positive + self.positives * self.true_positive
        return hits / (self.negatives + self.positives)

    @property
    def errors(self) -> np.ndarray:
        """`(corners,)` weight of rows decided wrongly."""
        return self.negatives * self.false_positive + self.positives * (1 - self.true_positive)


def hull(scores: np.ndarray, y_true: np.ndarray, weight: np.ndarray | None = None) -> Hull:
    """Upper convex hull of a ROC curve (Andrew's monotone chain).

    Args:
        scores: `(rows,)` of the positive class.
        y_true: `(rows,)` 0 or 1, both present.
        weight: `(rows,)`, or None.
    """
    weight = np.ones(len(scores)) if weight is None else weight.astype(float)
    distinct, code = np.unique(-scores, return_inverse=True)
    positive = np.bincount(code, weights=weight * (y_true == 1))
    negative = np.bincount(code, weights=weight * (y_true == 0))
    falling = -distinct
    between = np.append((falling[:-1] + falling[1:]) / 2, 0.0)  # the last threshold takes everybody
    x = np.append(0.0, np.cumsum(negative)) / negative.sum()
    y = np.append(0.0, np.cumsum(positive)) / positive.sum()
    kept: list[int] = []
    for point in range(len(x)):
        while len(kept) > 1 and not _turns_right(x, y, kept[-2], kept[-1], point):
            kept.pop()
        kept.append(point)
    return Hull(
        thresholds=np.append(np.inf, between)[kept],
        false_positive=x[kept],
        true_positive=y[kept],
        negatives=float(negative.sum()),
        positives=float(positive.sum()),
    )


def _turns_right(x: np.ndarray, y: np.ndarray, first: int, middle: int, last: int) -> bool:
    rise = (x[middle] - x[first]) * (y[last] - y[first]) - (y[middle] - y[first]) * (x[last] - x[first])
    return rise < 0


def best_chances(hulls: Sequence[Hull], constraint: Constraint, limit: float) -> list[np.ndarray]:
    """For each group `(corners,)` chances, with the least error whose gap is at most `limit`.

    Variables are all chances, then for each rate the lowest and the highest over groups.
    """
    ends = np.cumsum([0, *(len(of.thresholds) for of in hulls)])
    spans = 2 * len(constraint.rates)
    cost = np.concatenate([*(of.errors for of in hulls), np.zeros(spans)])
    sums = np.zeros((len(hulls), len(cost)))
    inside: list[np.ndarray] = []
    for group, of in enumerate(hulls):
        part = slice(ends[group], ends[group + 1])
        sums[group, part] = 1.0
        for place, kind in enumerate(constraint.rates):
            low, high = (np.zeros(len(cost)) for _ in range(2))
            low[part], high[part] = -of.rate(kind), of.rate(kind)
            low[ends[-1] + 2 * place], high[ends[-1] + 2 * place + 1] = 1.0, -1.0
            inside += [low, high]  # lowest - rate <= 0 and rate - highest <= 0
    found = linprog(
        cost / sum(of.negatives + of.positives for of in hulls),
        A_ub=np.vstack([*inside, *_limits(constraint, len(cost))]),
        b_ub=np.concatenate([np.zeros(len(inside)), _allowed(constraint, limit)]),
        A_eq=sums,
        b_eq=np.ones(len(hulls)),
        bounds=(0.0, 1.0),
        method="highs-ds",
    )
    assert found.success, found.message  # deciding for nobody keeps every constraint
    chances = [found.x[ends[group] : ends[group + 1]] for group in range(len(hulls))]
    return [np.where(of < _NEGLIGIBLE, 0.0, of) / of[of >= _NEGLIGIBLE].sum() for of in chances]


def _limits(constraint: Constraint, variables: int) -> list[np.ndarray]:
    """Rows of highest minus lowest: one for each rate, or one for their sum."""
    rows = []
    for place in range(len(constraint.rates)):
        row = np.zeros(variables)
        at = variables - 2 * len(constraint.rates) + 2 * place
        row[at], row[at + 1] = -1.0, 1.0
        rows.append(row)
    return rows if constraint.combined == "largest" else [np.sum(rows, axis=0)]


def _allowed(constraint: Constraint, limit: float) -> np.ndarray:
    kinds = len(constraint.rates)
    return np.full(kinds, limit) if constraint.combined == "largest" else np.array([limit * kinds])


def steps(of: Hull, chances: np.ndarray) -> Steps:
    """The mixture of thresholds as one function of the score: the chance of each that it reaches."""
    # By rising threshold: a score reaches every threshold at or below it.
    rising = sorted(
        (float(threshold), float(chance))
        for threshold, chance in zip(of.thresholds, chances, strict=True)
        if chance > 0 and np.isfinite(threshold)
    )
    base = float(sum(chance for threshold, chance in rising if threshold <= 0))
    thresholds, reached = [], [min(1.0, base)]
    for threshold, chance in rising:
        if threshold > 0:
            thresholds.append(threshold)
            reached.append(min(1.0, reached[-1] + chance))
    return Steps(thresholds=tuple(thresholds), probabilities=tuple(round(value, 12) for value in reached))


def fit_thresholds(
    scores: np.ndarray,
    y_true: np.ndarray,
    groups: Groups,
    *,
    over: tuple[str, ...],
    constraint: Constraint,
    limit: float,
    otherwise: Steps,
    salt: str,
    weight: np.ndarray | None = None,
) -> GroupThresholds:
    """Thresholds of every group that has enough rows of both classes; the others keep `otherwise`.

    Args:
        scores: `(rows,)` of the positive class.
        y_true: `(rows,)` 0 or 1.
        groups: of the rows.
        over: columns that make the groups.
        constraint: what should be equal.
        limit: largest gap, in expectation over the draws and on these rows.
        otherwise: for every group without thresholds of its own.
        salt: of the draws.
        weight: `(rows,)`, or None.

    Raises:
        DataError: there are no two groups to compare.
    """
    hulls = group_hulls(scores, y_true, groups, weight)
    mixed = best_chances(list(hulls.values()), constraint, limit)
    rules = tuple((name, steps(of, part)) for (name, of), part in zip(hulls.items(), mixed, strict=True))
    return GroupThresholds(over=over, groups=rules, otherwise=otherwise, salt=salt)


def group_hulls(
    scores: np.ndarray, y_true: np.ndarray, groups: Groups, weight: np.ndarray | None = None
) -> dict[tuple[str, ...], Hull]:
    """The hull of every group that has enough rows, of both classes.

    Raises:
        DataError: fewer than two groups have.
    """
    found = {}
    for code, name in enumerate(groups.names):
        rows = groups.codes == code
        if groups.large[code] and len(np.unique(y_true[rows])) == 2:
            found[name] = hull(scores[rows], y_true[rows], None if weight is None else weight[rows])
    if len(found) < 2:
        raise too_few(f"{len(found)} groups with {LEAST} validation rows and both classes")
    return found


def gap_without_limit(
    scores: np.ndarray,
    y_true: np.ndarray,
    groups: Groups,
    constraint: Constraint,
    weight: np.ndarray | None = None,
) -> float:
    """Gap of the most accurate thresholds of all: a larger limit than this doesn't bind."""
    hulls = list(group_hulls(scores, y_true, groups, weight).values())
    best = [int(of.errors.argmin()) for of in hulls]
    spans = [
        float(np.ptp([of.rate(kind)[at] for of, at in zip(hulls, best, strict=True)]))
        for kind in constraint.rates
    ]
    return max(spans) if constraint.combined == "largest" else float(np.mean(spans))
