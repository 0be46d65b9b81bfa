"""Permutation importance: how much worse the model gets when one column is shuffled.

Breiman, "Random Forests" (2001), section 10, https://doi.org/10.1023/A:1010933404324. The interval is over
test rows, paired between the shuffled and the unshuffled table; for AUROC by placement values, whose mean is
the AUROC (DeLong et al., 1988, https://doi.org/10.2307/2531595).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.stats import rankdata

from .subject import Scorer

REPEATS = 3
_Z95 = 1.959963984540054


@dataclass(frozen=True)
class Importance:
    """The metric's mean drop when a column is shuffled."""

    feature: str
    value: float
    low: float
    high: float


def metric_of(task: str) -> str:
    """The metric that drops."""
    return {"binary": "auroc", "multiclass": "accuracy"}.get(task, "r_squared")


def measure(
    predictor: Scorer, table: pa.Table, y_true: np.ndarray, *, features: Sequence[str], seed: int
) -> list[Importance]:
    """Importance of each column, in the order given.

    Args:
        predictor: the model.
        table: rows to predict.
        y_true: codes or values `(n,)`.
        features: columns of `table` to shuffle, one at a time.
        seed: of the shuffles; every column sees the same ones.
    """
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(table.num_rows) for _ in range(REPEATS)]
    whole = row_parts(predictor.task, y_true, predictor.predict(table))
    return [
        _importance(name, whole, [_shuffled(predictor, table, y_true, name, order) for order in orders])
        for name in features
    ]


def row_parts(task: str, y_true: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, ...]:
    """The metric as means over rows: the mean of each array is the metric.

    AUROC: the share of negatives below each positive, and of positives above each negative (ties count half).
    Accuracy: right or not. R²: 1 - squared error / variance of the target.
    """
    if task == "regression":
        return (1 - (y_true - scores) ** 2 / np.var(y_true),)
    if task == "multiclass":
        return ((scores.argmax(axis=1) == y_true).astype(float),)
    score, positive = scores[:, 1], y_true == 1
    ranks, m, n = rankdata(score), int(positive.sum()), int((~positive).sum())
    below = (ranks[positive] - rankdata(score[positive])) / n
    above = 1 - (ranks[~positive] - rankdata(score[~positive])) / m
    return below, above


def _shuffled(
    predictor: Scorer, table: pa.Table, y_true: np.ndarray, name: str, order: np.ndarray
) -> tuple[np.ndarray, ...]:
    place = table.column_names.index(name)
    shuffled = table.set_column(place, table.field(place), table.column(place).take(pa.array(order)))
    return row_parts(predictor.task, y_true, predictor.predict(shuffled))


def _importance(
    name: str, whole: tuple[np.ndarray, ...], repeats: list[tuple[np.ndarray, ...]]
) -> Importance:
    """Mean drop; its variance is that over rows (repeats averaged) plus that over shuffles."""
    drops = [
        before - np.mean(after, axis=0)
        for before, after in zip(whole, zip(*repeats, strict=True), strict=True)
    ]
    values = [whole[0].mean() - parts[0].mean() for parts in repeats]
    over_rows = sum(drop.var() / len(drop) for drop in drops)
    half = _Z95 * float(np.sqrt(over_rows + np.var(values) / len(values)))
    value = float(np.mean(values))
    return Importance(name, value, value - half, value + half)
