"""How good is the model on one split? Baselines are measured by the same function."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np

from ..findings import Findings, pointer
from ..intervals import Estimates, Mass, Means, Roots
from ..predictions import Predictions
from . import classification as c
from .statistic import Statistic, difference, interval, mean

__all__ = ["compare", "measure"]


def measure(predictions: Predictions, *, confidence: float = 0.95) -> Findings:
    """Measure a split.

    Returns:
        `n`, `metrics{name: number}`, and for classification `confusion{classes, counts}` (truth in rows,
        decisions in columns) and `by_class{class: {n, precision, recall, f1}}`.
    """
    parts = {"metrics": _numbers(_statistics(predictions), confidence)}
    if predictions.task != "regression":
        parts["by_class"] = Findings.gather(
            {name: _of_class(predictions, code, confidence) for code, name in enumerate(predictions.classes)}
        )
    found = Findings.gather(parts)
    found.missing.update(_without_scores(predictions))
    found.values["n"] = predictions.size
    if predictions.condensed is not None:
        found.values["settings"] = predictions.condensed.settings
    if predictions.task != "regression":
        found.values["confusion"] = _confusion(predictions)
    return found


def compare(predictions: Predictions, other: Predictions, *, confidence: float = 0.95) -> Findings:
    """Each metric of `predictions` minus that of `other` on the same rows, with paired intervals."""
    assert np.array_equal(predictions.rows, other.rows), (
        "paired differences need the same rows in the same order"
    )
    ours, theirs = _statistics(predictions), _statistics(other)
    found = Findings()
    for name, statistic in ours.items():
        against = theirs.get(name)
        if statistic is None or against is None:
            found.missing[pointer(name)] = _REASONS.get(name, _NO_CLASS)
        else:
            found.values[name] = difference(statistic, against, confidence=confidence)
    return found


_NO_CLASS = "a class is never true or never predicted"
_ONE_ROW = "a single row has no spread from which an interval could be made"
_ONE_CLASS = "only one class is present"
_REASONS = {
    "auroc": _ONE_CLASS,
    "macro_auroc": "a class is never or always true",
    "average_precision": "no row is truly positive",
    "recall": "no row is truly positive",
    "precision": "no row is predicted positive",
    "balanced_accuracy": "a class has no row",
    "r2": "the target is constant",
}


def _without_scores(p: Predictions) -> dict[str, str]:
    """The metrics that need scores, and why there are none."""
    if p.task == "regression" or p.scores is not None:
        return {}
    kept = p.condensed is None or p.task == "binary"
    reason = "no scores are known" if kept else "a stream keeps no scores of more than two classes"
    ranked = (
        ("auroc", "average_precision") if p.task == "binary" else ("macro_auroc", "macro_average_precision")
    )
    return {pointer("metrics", name): reason for name in ("log_loss", "brier_score", *ranked)}


def _numbers(statistics: dict[str, Statistic | None], confidence: float) -> Findings:
    found = Findings()
    for name, statistic in statistics.items():
        measured = None if statistic is None else interval(statistic, confidence=confidence)
        if measured is not None:
            found.values[name] = measured
        else:
            found.missing[pointer(name)] = _REASONS.get(name, _NO_CLASS) if statistic is None else _ONE_ROW
    return found


def _statistics(predictions: Predictions) -> dict[str, Statistic | None]:
    mass = predictions.mass
    if predictions.task == "regression":
        return _regression(predictions, mass)
    found = _decisions(predictions, mass)
    if predictions.scores is not None:
        found |= _scores(predictions, predictions.scores, mass)
    return found


def _decisions(p: Predictions, mass: Mass) -> dict[str, Statistic | None]:
    everyone = np.ones(len(p), dtype=bool)
    recalls = [_recall(p, code, mass) for code in range(len(p.classes))]
    found = {
        "accuracy": c.proportion(p.y_true == p.y_pred, everyone, mass),
        "balanced_accuracy": _macro(p, recalls),
    }
    if p.task == "binary":
        return found | {
            "precision": _precision(p, 1, mass),
            "recall": recalls[1],
            "f1": c.f1(p.y_true == 1, p.y_pred == 1, mass),
        }
    codes = range(len(p.classes))
    return found | {
        "macro_precision": _macro(p, [_precision(p, code, mass) for code in codes]),
        "macro_f1": _macro(p, [c.f1(p.y_true == code, p.y_pred == code, mass) for code in codes]),
    }


def _scores(p: Predictions, scores: np.ndarray, mass: Mass) -> dict[str, Statistic | None]:
    found: dict[str, Statistic | None] = {
        "log_loss": c.log_loss(scores, p.y_true, mass),
        "brier_score": c.brier_score(scores, p.y_true, mass),
    }
    ranked: dict[str, Callable[..., Statistic | None]] = {
        "auroc": c.roc,
        "average_precision": c.average_precision,
    }
    for name, metric in ranked.items():
        if p.task == "binary":
            found[name] = metric(p.ranking, p.y_true == 1, mass, condensed=p.condensed is not None)
        else:
            parts = [metric(scores[:, code], p.y_true == code, mass) for code in range(len(p.classes))]
            found[f"macro_{name}"] = _macro(p, parts)
    return found


def _macro(p: Predictions, parts: list[Statistic | None]) -> Statistic | None:
    """Mean over classes; its variance is shrunk by the rarest."""
    fewest = np.bincount(p.y_true, p.mass.rows, len(p.classes)).min()
    return c.average(parts, smallest=fewest, rows=p.size)


def _regression(p: Predictions, mass: Mass) -> dict[str, Statistic | None]:
    error = p.y_pred - p.y_true
    squared = mean(error**2, mass)
    root = squared.value**0.5
    return {
        "mean_absolute_error": mean(np.abs(error), mass),
        "root_mean_squared_error": Statistic(
            influence=squared.influence / (2 * root) if root > 0 else squared.influence,
            estimates=Roots(cast(Means, squared.estimates)),
            rows=p.size,
        ),
        "r2": _r2(p, error**2, mass),
    }


def _r2(p: Predictions, squares: np.ndarray, mass: Mass) -> Statistic | None:
    """Share of the target's variance that is explained: one minus a linearised ratio; None if constant."""
    around = (p.y_true - np.average(p.y_true, weights=mass.weight)) ** 2
    variance = np.average(around, weights=mass.weight)
    if variance == 0:
        return None
    ratio = np.average(squares, weights=mass.weight) / variance
    unexplained = mean(ratio + (squares - ratio * around) / variance, mass)
    return Statistic(influence=-unexplained.influence, estimates=_Rest(unexplained.estimates), rows=p.size)


@dataclass(frozen=True)
class _Rest:
    """One minus an estimate."""

    of: Estimates

    @property
    def value(self) -> np.ndarray:
        return 1 - self.of.value

    def limits(self, z: float) -> tuple[np.ndarray, np.ndarray]:
        lower, upper = self.of.limits(z)
        return 1 - upper, 1 - lower


def _recall(p: Predictions, code: int, mass: Mass) -> Statistic | None:
    return c.proportion(p.y_pred == code, p.y_true == code, mass)


def _precision(p: Predictions, code: int, mass: Mass) -> Statistic | None:
    return c.proportion(p.y_true == code, p.y_pred == code, mass)


def _of_class(p: Predictions, code: int, confidence: float) -> Findings:
    mass = p.mass
    found = _numbers(
        {
            "precision": _precision(p, code, mass),
            "recall": _recall(p, code, mass),
            "f1": c.f1(p.y_true == code, p.y_pred == code, mass),
        },
        confidence,
    )
    found.values["n"] = int(p.mass.rows[p.y_true == code].sum())
    return found


def _confusion(p: Predictions) -> dict[str, list]:
    classes = len(p.classes)
    counts = np.bincount(p.y_true * classes + p.y_pred, p.mass.weight, classes**2).reshape(classes, classes)
    counts = counts if p.weight is not None else counts.astype(int)
    return {"classes": list(p.classes), "counts": counts.tolist()}
