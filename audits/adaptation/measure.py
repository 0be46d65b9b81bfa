"""A model that was trained beside another domain, on the test rows of both.

Labels of the target domain are looked at here for the first time. What is said holds for rows like its test
rows; that the domains' classes mean the same can't be seen in any number.
"""

from dataclasses import dataclass
from typing import Any

from .. import performance
from ..findings import Findings
from ..predictions import Predictions
from .shift import independent_difference

__all__ = ["Pair", "measure"]

_NO_TARGET = "No test row of adapt.target has a label: how the model does there is unknown."
_NO_TWIN = "Not asked for: adapt.compare is false, so no model was trained without the other domain."
_NO_GROUPS = "Groups were compared on the first domain alone."


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What one model says of the test rows of both domains.

    Attributes:
        source: of the first domain.
        target: of the other one; None where no label is known there.
    """

    source: Predictions
    target: Predictions | None


def measure(adapted: Pair, plain: Pair | None, *, confidence: float = 0.95) -> Findings:
    """Metrics on both domains, how they differ, and what adaptation gained.

    Args:
        adapted: of the model.
        plain: of the model that was trained without the other domain, on the same rows; None where none was.
        confidence: of two-sided intervals.

    Returns:
        `source{n, metrics}`, `target{n, metrics, by_class}`, `shift{metric: target minus source}`, which rest
        on different rows, and `gain{target, source}{metric: adapted minus plain}`, paired by row.
    """
    parts = {"source": _of(adapted.source, confidence)}
    missing = {} if plain is not None else {"/gain": _NO_TWIN}
    if adapted.source.sensitive:
        missing["/groups"] = _NO_GROUPS
    if adapted.target is None:
        missing |= {"/target": _NO_TARGET, "/shift": _NO_TARGET}
    else:
        parts["target"] = _of(adapted.target, confidence)
        parts["shift"] = _shift(parts["source"], parts["target"])
    if plain is not None:
        parts["gain"] = _gain(adapted, plain, confidence)
    found = Findings.gather(parts)
    return Findings(values=found.values, missing=found.missing | missing)


def _of(predictions: Predictions, confidence: float) -> Findings:
    found = performance.measure(predictions, confidence=confidence)
    kept = ("n", "metrics", "by_class")
    return Findings(
        values={key: found.values[key] for key in kept if key in found.values}, missing=found.missing
    )


def _shift(source: Findings, target: Findings) -> Findings:
    ours, other = target.values["metrics"], source.values["metrics"]
    both: dict[str, Any] = {
        name: independent_difference(ours[name], other[name]) for name in ours if name in other
    }
    lost = {f"/{name}": "not measured on both domains" for name in {*ours, *other} - {*both}}
    return Findings(values=both, missing=lost)


def _gain(adapted: Pair, plain: Pair, confidence: float) -> Findings:
    parts = {"source": performance.compare(adapted.source, plain.source, confidence=confidence)}
    if adapted.target is None or plain.target is None:
        found = Findings.gather(parts)
        return Findings(values=found.values, missing=found.missing | {"/target": _NO_TARGET})
    parts["target"] = performance.compare(adapted.target, plain.target, confidence=confidence)
    return Findings.gather(parts)
