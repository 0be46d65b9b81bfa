"""Calibration: does a score of 0.8 mean that 8 in 10 are positive?

Expected calibration error over bins of equal mass (Naeini, Cooper & Hauskrecht, 2015; equal mass as Nixon
et al., 2019, section 3). More classes than two: the score of the class that was decided, against whether it
was right.
"""

import numpy as np

from ..findings import Findings, number, pointer
from ..intervals import Means, Proportions, pointwise
from ..predictions import Predictions
from .error import Bins, bin_rows, expected_calibration_error

__all__ = ["measure"]

BINS = 15


def measure(
    predictions: Predictions, *, confidence: float = 0.95, bins: int = BINS, seed: int = 0
) -> Findings:
    """Measure calibration of a split, overall and in each group of each sensitive column.

    Args:
        predictions: with scores.
        confidence: of two-sided intervals, and of each one-sided bound.
        bins: number of bins of equal mass; a group has at most one for every 20 rows.
        seed: of the draws from which the lower bound of the error is made.

    Returns:
        `metrics{expected_calibration_error, mean_calibration_gap}`, `bins[{low, high, mean_score, rate,
        n}]` and `groups{column: {group: {n, metrics, bins}}}`.
    """
    if predictions.scores is None:
        return Findings(missing={"/metrics/expected_calibration_error": "the model gives no scores"})
    from ..fairness.groups import encode

    score, outcome = _confidence(predictions, predictions.scores)
    weight = np.ones(len(score)) if predictions.weight is None else predictions.weight.astype(float)
    found = _part(score, outcome, weight, confidence, bins, seed)
    columns = {}
    for column, values in predictions.sensitive.items():
        groups = encode(column, values)
        rows = np.split(np.argsort(groups.codes, kind="stable"), np.cumsum(groups.sizes)[:-1])
        columns[column] = Findings.gather(
            {
                name: _part(score[of], outcome[of], weight[of], confidence, bins, seed)
                for name, of in zip(groups.names, rows, strict=True)
            }
        )
    grouped = Findings.gather({"groups": Findings.gather(columns)})
    return Findings(values=found.values | grouped.values, missing=found.missing | grouped.missing)


def _confidence(predictions: Predictions, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) score and (n,) whether what it speaks of is so."""
    if predictions.task == "binary":
        return scores[:, 1], (predictions.y_true == 1).astype(float)
    rows = np.arange(len(predictions))
    return scores[rows, predictions.y_pred], (predictions.y_true == predictions.y_pred).astype(float)


def _part(
    score: np.ndarray, outcome: np.ndarray, weight: np.ndarray, confidence: float, bins: int, seed: int
) -> Findings:
    if weight.sum() == 0 or len(score) < 2:
        return Findings(
            values={"n": len(score)}, missing={pointer("metrics"): "calibration needs at least two rows"}
        )
    table = bin_rows(score, outcome, weight, bins=max(1, min(bins, len(score) // 20)))
    return Findings(
        values={
            "n": len(score),
            "metrics": {
                "expected_calibration_error": expected_calibration_error(
                    table, confidence=confidence, seed=seed
                ),
                "mean_calibration_gap": _mean_gap(score - outcome, weight, confidence),
            },
            "bins": _reliability(table, confidence),
        }
    )


def _mean_gap(gaps: np.ndarray, weight: np.ndarray, confidence: float) -> dict:
    """Mean score minus rate: above 0, scores promise too much."""
    value = np.average(gaps, weights=weight)
    error = np.sqrt(((weight * (gaps - value)) ** 2).sum() * len(gaps) / (len(gaps) - 1)) / weight.sum()
    means = Means(value=np.array([value]), error=np.array([error]), freedom=np.array([len(gaps) - 1.0]))
    (low, high), (lower, upper) = (means.limits(pointwise(q)) for q in ((1 + confidence) / 2, confidence))
    return number(value, low[0], high[0], len(gaps), (lower[0], upper[0]))


def _reliability(table: Bins, confidence: float) -> list[dict]:
    rates = Proportions(value=table.rate, trials=table.trials)
    low, high = rates.limits(pointwise((1 + confidence) / 2))
    return [
        {
            "low": float(table.low[i]),
            "high": float(table.high[i]),
            "mean_score": float(table.score[i]),
            "rate": {"value": float(table.rate[i]), "low": float(low[i]), "high": float(high[i])},
            "n": int(table.rows[i]),
        }
        for i in range(len(table.rows))
    ]
