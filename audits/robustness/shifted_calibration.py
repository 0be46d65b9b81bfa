"""Do scores stay honest when rows change, and what has temperature scaling mended?

Ovadia et al., "Can you trust your model's uncertainty? Evaluating predictive uncertainty under dataset shift"
(2019), https://arxiv.org/abs/1906.02530: a model that was calibrated on clean rows promises too much on
corrupted ones.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import calibration
from ..config import AuditConfig
from ..findings import Findings
from ..predictions import Predictions
from .family import Outcome
from .subject import Subject

__all__ = ["after_changes", "recalibration", "uncalibrated"]

_ERROR = "expected_calibration_error"


def after_changes(subject: Subject, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Calibration error of the unharmed rows, and of rows that each went through one of the changes in turn.

    In turn, because a row that is counted once for every change would make the interval too narrow.
    """
    if subject.regression or subject.predictions.scores is None or not outcomes:
        return {}
    turn, rows = np.arange(len(subject.weight)) % len(outcomes), np.arange(len(subject.weight))
    scores = np.stack([each.scores for each in outcomes])[turn, rows]
    y_pred = subject.scorer.decide(scores, subject.table)
    changed = dataclasses.replace(subject.predictions, scores=scores, y_pred=y_pred)
    found = {
        "clean": _error(subject.predictions, subject.config),
        "changed": _error(changed, subject.config),
    }
    return {name: number for name, number in found.items() if number is not None}


def uncalibrated(scores: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities before the temperature divided the logits: p^T, made to sum to 1.

    softmax(z / T) = p gives z = T log p + constant. A score stored as 0, below its six digits, stays 0.

    Args:
        scores: `(n, classes)` after scaling.
        temperature: T > 0.
    """
    raised = scores**temperature
    return raised / raised.sum(axis=1, keepdims=True)


def recalibration(predictions: Predictions, temperature: float, config: AuditConfig) -> Findings:
    """Calibration error on test rows before and after temperature scaling, overall and by group."""
    if predictions.scores is None:
        return Findings(missing={"/recalibration": "the model gives no probabilities"})
    before = dataclasses.replace(predictions, scores=uncalibrated(predictions.scores, temperature))
    measured = {
        when: calibration.measure(of, config=config.fairness, confidence=config.confidence).values
        for when, of in (("before", before), ("after", predictions))
    }
    values = {when: found["metrics"].get(_ERROR) for when, found in measured.items()}
    if None in values.values():
        return Findings(missing={"/recalibration": "too few rows"})
    groups: dict[str, dict[str, Any]] = {}
    for column, parts in measured["after"]["groups"].items():
        groups[column] = {
            name: _pair(measured["before"]["groups"][column][name], part) | {"n": part["n"]}
            for name, part in parts.items()
        }
    return Findings(values={"recalibration": {"temperature": temperature, **values, "groups": groups}})


def _pair(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    both = {"before": before["metrics"].get(_ERROR), "after": after["metrics"].get(_ERROR)}
    return {when: number for when, number in both.items() if number is not None}


def _error(predictions: Predictions, config: AuditConfig) -> dict[str, Any] | None:
    alone = dataclasses.replace(predictions, sensitive={})
    found = calibration.measure(alone, config=config.fairness, confidence=config.confidence)
    return found.values["metrics"].get(_ERROR)
