"""Calibration: does a score of 0.8 mean that 8 in 10 are positive?

Expected calibration error over bins of equal mass (Naeini, Cooper & Hauskrecht, 2015; equal mass as Nixon
et al., 2019, section 3). More classes than two: the score of the class that was decided, against whether it
was right.
"""

import numpy as np

from ..config import FairnessConfig
from ..fairness.groups import encode
from ..findings import Findings, number, pointer
from ..intervals import Mass, Proportions, means, pointwise, tails
from ..predictions import Predictions
from .distribution import distribution
from .error import Bins, bin_rows, expected_calibration_error

__all__ = ["measure"]

BINS = 15
DEFAULT = FairnessConfig()
METRICS = ("expected_calibration_error", "mean_calibration_gap")


def measure(
    predictions: Predictions, *, config: FairnessConfig = DEFAULT, confidence: float = 0.95
) -> Findings:
    """Measure calibration of a split, overall and in each group of each sensitive column.

    Args:
        predictions: with scores.
        config: minimum group size, which is also the least number of rows in a bin, and the seed of the draws
            from which the lower bound of the error is made.
        confidence: of two-sided intervals; one-sided bounds are at 95%.

    Returns:
        `metrics{expected_calibration_error, mean_calibration_gap}`, `bins[{low, high, mean_score, rate, n}]`,
        `scores{quantiles, shares}` and `groups{column: {group: {n, small, metrics, bins, scores}}}`.
    """
    if predictions.scores is None:
        return Findings(missing={"": "the model gives no probabilities"})
    score, outcome = _confidence(predictions, predictions.scores)
    mass, ranking = predictions.mass, score if predictions.ranking is None else predictions.ranking
    found = _part(score, outcome, ranking, mass, config, confidence)
    columns = {}
    for column, values in predictions.sensitive.items():
        groups = encode(column, values)
        entries = np.split(np.argsort(groups.codes, kind="stable"), np.cumsum(groups.sizes)[:-1])
        parts = {}
        for name, of in zip(groups.names, entries, strict=True):
            parts[name] = _part(score[of], outcome[of], ranking[of], mass[of], config, confidence)
            rows = int(mass.rows[of].sum())
            parts[name].values.update(n=rows, small=rows < config.minimum_group_size)
        columns[column] = Findings.gather(parts)
    grouped = Findings.gather({"groups": Findings.gather(columns)})
    settings = {"bins": f"up to {BINS} of equal mass, at least {config.minimum_group_size} rows each"}
    return Findings(
        values=found.values | grouped.values | {"settings": settings}, missing=found.missing | grouped.missing
    )


def _confidence(predictions: Predictions, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) score and (n,) whether what it speaks of is so."""
    if predictions.task == "binary":
        return scores[:, 1], (predictions.y_true == 1).astype(float)
    rows = np.arange(len(predictions))
    return scores[rows, predictions.y_pred], (predictions.y_true == predictions.y_pred).astype(float)


def _part(
    score: np.ndarray,
    outcome: np.ndarray,
    ranking: np.ndarray,
    mass: Mass,
    config: FairnessConfig,
    confidence: float,
) -> Findings:
    rows = int(mass.rows.sum())
    if mass.weight.sum() == 0 or rows < 2:
        reason = "calibration needs at least two rows"
        return Findings(
            values={"metrics": {}}, missing={pointer("metrics", name): reason for name in METRICS}
        )
    bins = max(1, min(BINS, rows // max(config.minimum_group_size, 1)))
    table = bin_rows(score, outcome, mass, bins=bins, ranking=ranking)
    error = expected_calibration_error(table, confidence=confidence, seed=config.seed)
    gap = _mean_gap(score - outcome, mass, confidence)
    metrics = dict(zip(METRICS, (error, gap), strict=True))
    return Findings(
        values={
            "metrics": metrics,
            "bins": _reliability(table, confidence),
            "scores": distribution(score, mass),
        }
    )


def _mean_gap(gaps: np.ndarray, mass: Mass, confidence: float) -> dict:
    """Mean score minus rate: above 0, scores promise too much."""
    found = means(gaps, np.zeros(len(gaps), dtype=int), 1, mass, positive=False)
    (low, high), (lower, upper) = (found.limits(z) for z in tails(confidence))
    return number(found.value[0], low[0], high[0], mass.rows.sum(), (lower[0], upper[0]))


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
