"""Conformal sets of a model: calibrated on its validation rows, covered on its test rows, group by group."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..config import AuditConfig
from ..findings import Findings
from ..predictions import Predictions
from . import conformal
from .rates import Marks, by_group, overall

__all__ = ["MAIN", "prediction_sets"]

MAIN = {"classes": "least_ambiguous", "values": "absolute_residual"}
"""The method whose coverage stands among the section's metrics."""

_FEWEST = 20
_NEIGHBOURS = 50
_RAPS = {"penalty": 0.1, "free": 2}
_CLASSES_FOR_RAPS = 4  # with fewer, the labels beyond the free ones are hardly any
_NO_PROMISE = (
    "Validation labels were also used to stop training and to fit the temperature, so that validation and"
    " test rows are not exactly exchangeable: what counts is the coverage on test, with its interval."
)

Oddness = Callable[[Predictions, int], np.ndarray]


def prediction_sets(validation: Predictions, test: Predictions, config: AuditConfig) -> Findings:
    """Coverage and size of conformal sets, overall and by group, calibrated together and group by group.

    Returns:
        `conformal` with a section for each method, the main method's numbers in `metrics` and `groups`.
    """
    if test.task != "regression" and (validation.scores is None or test.scores is None):
        return Findings(missing={"/conformal": "the model gives no probabilities to make sets from"})
    if len(validation) < _FEWEST:
        return Findings(missing={"/conformal": f"fewer than {_FEWEST} validation rows to calibrate on"})
    methods = _methods(validation, test, config)
    parts = {name: _method(validation, test, make, config) for name, make in methods.items()}
    main = parts[MAIN["values" if test.task == "regression" else "classes"]]
    alpha = config.robustness.alpha
    values: dict[str, Any] = {
        "alpha": alpha,
        "promised": 1 - alpha,
        "calibration_rows": len(validation),
        "methods": {name: part.values for name, part in parts.items()},
        "note": _NO_PROMISE,
    }
    if validation.weight is None:
        low, high = conformal.coverage_range(len(validation), alpha, config.confidence)
        values["expected_range"] = {"low": low, "high": high}
    return Findings(
        values={
            "conformal": values,
            "metrics": main.values["metrics"],
            "groups": main.values["groups"],
        },
        missing={
            f"/conformal/methods/{name}{place}": why
            for name, part in parts.items()
            for place, why in part.missing.items()
        }
        | main.missing,
    )


def _methods(validation: Predictions, test: Predictions, config: AuditConfig) -> dict[str, "_Method"]:
    """Each method's oddness of validation rows `(m,)` and of test rows `(n, labels)`."""
    if test.task == "regression":
        return {
            "absolute_residual": _residual(validation, test),
            "local_residual": _local(validation, test, config),
        }
    assert validation.scores is not None
    assert test.scores is not None
    draws = np.random.default_rng(config.robustness.seed)
    u, v = draws.random(len(validation)), draws.random(len(test))
    found = {
        "least_ambiguous": _labels(
            validation, conformal.least_ambiguous(validation.scores), conformal.least_ambiguous(test.scores)
        ),
        "adaptive": _labels(
            validation, conformal.adaptive(validation.scores, u), conformal.adaptive(test.scores, v)
        ),
    }
    if len(test.classes) >= _CLASSES_FOR_RAPS:
        found["regularized_adaptive"] = _labels(
            validation,
            conformal.adaptive(validation.scores, u, **_RAPS),
            conformal.adaptive(test.scores, v, **_RAPS),
        )
    return found


@dataclass(frozen=True)
class _Method:
    """Oddness of the true labels that calibrate, and what a threshold says of the test rows."""

    oddness: np.ndarray
    rows: np.ndarray
    """Positions of the validation rows that calibrate."""
    sets: Callable[[np.ndarray, Predictions], tuple[np.ndarray, np.ndarray]]
    """From `(n,)` thresholds of the test rows to whether each is covered and how large its set is."""


def _labels(validation: Predictions, known: np.ndarray, asked: np.ndarray) -> _Method:
    def sets(thresholds: np.ndarray, test: Predictions) -> tuple[np.ndarray, np.ndarray]:
        inside = asked <= thresholds[:, None]
        return inside[np.arange(len(test)), test.y_true].astype(float), inside.sum(axis=1).astype(float)

    rows = np.arange(len(validation))
    return _Method(known[rows, validation.y_true], rows, sets)


def _residual(validation: Predictions, test: Predictions) -> _Method:
    return _interval(
        validation, test, np.arange(len(validation)), np.ones(len(validation)), np.ones(len(test))
    )


def _local(validation: Predictions, test: Predictions, config: AuditConfig) -> _Method:
    """Half of the validation rows say how large errors are around a prediction, the other half calibrate."""
    order = np.random.default_rng(config.robustness.seed).permutation(len(validation))
    learn, rows = np.sort(order[::2]), np.sort(order[1::2])
    error = conformal.absolute_residual(validation.y_true[learn], validation.y_pred[learn])
    known = validation.y_pred[learn], error
    neighbours = min(_NEIGHBOURS, max(5, len(learn) // 5))
    of_known = conformal.local_error(*known, validation.y_pred[rows], neighbours)
    return _interval(validation, test, rows, of_known, conformal.local_error(*known, test.y_pred, neighbours))


def _interval(
    validation: Predictions, test: Predictions, rows: np.ndarray, known: np.ndarray, asked: np.ndarray
) -> _Method:
    """Residuals in units of `known` errors; the size of a set is the width of its interval."""

    def sets(thresholds: np.ndarray, test: Predictions) -> tuple[np.ndarray, np.ndarray]:
        odd = conformal.absolute_residual(test.y_true, test.y_pred) / asked
        return (odd <= thresholds).astype(float), 2 * thresholds * asked

    odd = conformal.absolute_residual(validation.y_true[rows], validation.y_pred[rows]) / known
    return _Method(odd, rows, sets)


def _method(validation: Predictions, test: Predictions, method: _Method, config: AuditConfig) -> Findings:
    """One method's numbers; a group without enough calibration rows gets everything as its set."""
    weight = np.ones(len(test)) if test.weight is None else test.weight.astype(float)
    alpha, of = config.robustness.alpha, method.rows
    held = None if validation.weight is None else validation.weight[of].astype(float)
    level = conformal.threshold(method.oddness, alpha, held)
    covered, size = method.sets(np.full(len(test), level), test)
    together = _marks("", covered, size, test)
    minimum, confidence = config.fairness.minimum_group_size, config.confidence
    metrics = {name: overall(marks, weight, confidence) for name, marks in together.items()}
    found: dict[str, Any] = {"metrics": {name: value for name, value in metrics.items() if value is not None}}
    why = _ENDLESS if math.isinf(level) else "too few test rows for an interval"
    missing = {f"/metrics/{name}": why for name, value in metrics.items() if value is None}
    if math.isfinite(level):
        found["threshold"] = level
    if test.task != "regression":
        empty = Marks(values=(size == 0).astype(float))
        found["empty_sets"] = overall(empty, weight, confidence)
    groups = {}
    for column, values in test.sensitive.items():
        marks = dict(together)
        if column in validation.sensitive:
            alone = _by_group(method, validation.sensitive[column][of], values, held, alpha)
            marks |= _marks("group_", *method.sets(alone, test), test)
        groups[column] = by_group({column: values}, marks, weight, minimum=minimum, confidence=confidence)
    grouped = Findings.gather(
        {
            "groups": Findings(
                values={column: part.values[column] for column, part in groups.items()},
                missing={place: why for part in groups.values() for place, why in part.missing.items()},
            )
        }
    )
    return Findings(values=found | grouped.values, missing=missing | grouped.missing)


_ENDLESS = "too few calibration rows: the interval has no end"


def _marks(prefix: str, covered: np.ndarray, size: np.ndarray, test: Predictions) -> dict[str, Marks]:
    """Marks of rows; widths without end don't count, and then there is no mean of them."""
    ended = size if np.isfinite(size).all() else np.where(np.isfinite(size), size, np.nan)
    width = "conformal_interval_width" if test.task == "regression" else "conformal_set_size"
    return {
        f"{prefix}conformal_coverage": Marks(values=covered),
        f"{prefix}{width}": Marks(values=ended, kind="amount"),
    }


def _by_group(
    method: _Method, known: np.ndarray, asked: np.ndarray, weight: np.ndarray | None, alpha: float
) -> np.ndarray:
    """`(n,)` threshold of each test row, from the validation rows of its own group."""
    known, asked = known.astype(str), asked.astype(str)
    levels = {
        name: conformal.threshold(
            method.oddness[known == name], alpha, None if weight is None else weight[known == name]
        )
        for name in np.unique(asked)
    }
    return np.array([levels[name] for name in asked], dtype=float)
