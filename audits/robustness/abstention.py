"""Abstention: a model that may say "I don't know" is right more often on the rest. On whose rest?

Geifman & El-Yaniv, "Selective classification for deep neural networks" (2017), section 2,
https://arxiv.org/abs/1705.08500; by group: Jones et al., "Selective classification can magnify disparities
across groups" (2021), https://arxiv.org/abs/2010.14134: a group may be abstained on more often, and its
decisions may even become worse while those of all rows become better.
"""

from typing import Any

import numpy as np

from ..config import AuditConfig
from ..findings import Findings, number
from ..intervals import GATE
from ..predictions import Predictions
from .rates import Marks, by_group, overall

__all__ = ["abstention", "area_under_risk_coverage", "confidence_of", "kept_from"]

_POINTS = tuple(i / 20 for i in range(1, 21))
_KEPT = (0.95, 0.9, 0.8, 0.7, 0.5)
_REPLICATES = 200


def confidence_of(predictions: Predictions) -> np.ndarray:
    """`(n,)` score of the class that was decided."""
    assert predictions.scores is not None
    return predictions.scores[np.arange(len(predictions)), predictions.y_pred]


def kept_from(confidence: np.ndarray, share: float, weight: np.ndarray | None = None) -> float:
    """The highest threshold at which at least this share of rows is as confident."""
    weight = np.ones(len(confidence)) if weight is None else weight
    order = np.argsort(-confidence, kind="stable")
    reached = np.cumsum(weight[order]) / weight.sum()
    position = int(np.searchsorted(reached, share - 1e-12))
    return float(confidence[order[min(position, len(order) - 1)]])


def area_under_risk_coverage(confidence: np.ndarray, wrong: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Mean over rows of the error rate among the rows that are at least as confident (AURC), in [0, 1].

    0 is no mistake at all. It mixes how often the model is wrong with whether it knows when: the best
    ranking of the same mistakes has an area above 0, too.

    Args:
        confidence: `(n,)`; rows of equal confidence are kept or left together.
        wrong: `(n,)` 0 or 1.
        weight: `(..., n)` sample weights; leading axes are replicates.

    Returns:
        `(...)`.
    """
    order = np.argsort(-confidence, kind="stable")
    starts = np.flatnonzero(np.diff(confidence[order], prepend=np.inf))
    weight, wrong = weight[..., order], wrong[order]
    rows = np.add.reduceat(weight, starts, axis=-1)
    errors = np.add.reduceat(weight * wrong, starts, axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        risk = np.cumsum(errors, axis=-1) / np.cumsum(rows, axis=-1)
    return (np.nan_to_num(risk) * rows).sum(axis=-1) / rows.sum(axis=-1)


def abstention(validation: Predictions, test: Predictions, config: AuditConfig) -> Findings:
    """Risk–coverage curve of the test rows, thresholds set on validation rows, who is left undecided."""
    if test.task == "regression":
        return Findings(missing={"/abstention": "a regression gives no confidence to abstain by"})
    if test.scores is None or validation.scores is None:
        return Findings(missing={"/abstention": "the model gives no probabilities to abstain by"})
    weight = np.ones(len(test)) if test.weight is None else test.weight.astype(float)
    sure, right = confidence_of(test), (test.y_true == test.y_pred).astype(float)
    known, share = confidence_of(validation), 1 - config.robustness.abstain
    level = kept_from(known, share, validation.weight)
    kept, decided, _ = _split(sure, right, level)
    metrics = {"selective_coverage": kept, "selective_accuracy": decided}
    found = {name: overall(marks, weight, config.confidence) for name, marks in metrics.items()}
    found["area_under_risk_coverage"] = _area(sure, 1 - right, weight, config)
    grouped = by_group(
        test.sensitive,
        metrics | {"accuracy": Marks(values=right)},
        weight,
        minimum=config.fairness.minimum_group_size,
        confidence=config.confidence,
    )
    values: dict[str, Any] = {
        "share_to_decide": share,
        "threshold": level,
        "points": [
            _point(asked, kept_from(known, asked, validation.weight), sure, right, weight, config.confidence)
            for asked in sorted({*_KEPT, share}, reverse=True)
        ],
        "curve": _curve(sure, right, weight, config.confidence),
        "best_area": _best_area(1 - right, weight),
    }
    return Findings(
        values={
            "abstention": values,
            "metrics": {name: value for name, value in found.items() if value is not None},
            "groups": grouped.values,
        },
        missing={f"/metrics/{name}": "too few rows are kept" for name, v in found.items() if v is None}
        | {f"/groups{place}": why for place, why in grouped.missing.items()},
    )


def _split(sure: np.ndarray, right: np.ndarray, level: float) -> tuple[Marks, Marks, Marks]:
    """Whether each row is decided, and whether it is right: of the decided rows, and of the rest."""
    kept = sure >= level
    return (
        Marks(values=kept.astype(float)),
        Marks(values=np.where(kept, right, np.nan)),
        Marks(values=np.where(kept, np.nan, right)),
    )


def _point(
    asked: float, level: float, sure: np.ndarray, right: np.ndarray, weight: np.ndarray, confidence: float
) -> dict[str, Any]:
    """One threshold: the share of validation rows that it was set by, and what it does to test rows."""
    names = ("kept", "accuracy", "accuracy_of_the_rest")
    numbers = {
        name: overall(marks, weight, confidence)
        for name, marks in zip(names, _split(sure, right, level), strict=True)
    }
    held = {name: value for name, value in numbers.items() if value is not None}
    return {"asked": asked, "threshold": level} | held


def _best_area(wrong: np.ndarray, weight: np.ndarray) -> float:
    """The area if all mistakes were among the least confident rows, one after the other."""
    ranks = np.lexsort((np.arange(len(wrong)), wrong))
    return float(area_under_risk_coverage(-np.argsort(ranks).astype(float), wrong, weight))


def _area(sure: np.ndarray, wrong: np.ndarray, weight: np.ndarray, config: AuditConfig) -> dict[str, Any]:
    """The area with percentile bounds over resampled rows.

    Mistakes are few, and resampling never shows a mistake that was not seen: for the upper bound each
    resample holds one more, at a row drawn at random.
    """
    rng, rows = np.random.default_rng(config.robustness.seed), len(sure)
    order = np.argsort(-sure, kind="stable")  # once: what is sorted already sorts fast
    sure, wrong, weight = sure[order], wrong[order], weight[order]
    value = float(area_under_risk_coverage(sure, wrong, weight))
    below, above = np.empty(_REPLICATES), np.empty(_REPLICATES)
    for i in range(_REPLICATES):
        times = np.bincount(rng.integers(rows, size=rows), minlength=rows)
        below[i] = area_under_risk_coverage(sure, wrong, weight * times)
        unlucky, more = rng.integers(rows), wrong.copy()
        more[unlucky], times[unlucky] = 1.0, max(1, times[unlucky])
        above[i] = area_under_risk_coverage(sure, more, weight * times)

    def bounds(level: float) -> tuple[float, float]:
        low, high = float(np.quantile(below, 1 - level)), float(np.quantile(above, level))
        return min(value, low), max(value, high)

    return number(value, *bounds((1 + config.confidence) / 2), rows, bounds(GATE))


def _curve(
    sure: np.ndarray, right: np.ndarray, weight: np.ndarray, confidence: float
) -> list[dict[str, Any]]:
    """Accuracy among the most confident 5%, 10%, … of the rows; equal confidence stays together."""
    points: dict[float, dict[str, Any]] = {}
    for share in _POINTS:
        kept = sure >= kept_from(sure, share, weight)
        measured = overall(Marks(values=np.where(kept, right, np.nan)), weight, confidence)
        if measured is not None:
            coverage = float(weight[kept].sum() / weight.sum())
            points[coverage] = {"coverage": coverage, "accuracy": measured}
    return list(points.values())
