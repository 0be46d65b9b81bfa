"""What stored predictions say of robustness: conformal sets and abstention. `assay verify` does it again."""

from collections.abc import Mapping
from typing import Any

from ..config import AuditConfig
from ..findings import Findings
from ..predictions import Predictions
from .abstention import abstention
from .catalog import wanted
from .prediction_sets import prediction_sets

__all__ = ["join", "measure"]

_FROM_PREDICTIONS = {"prediction_sets": prediction_sets, "abstention": abstention}
_PLACES = {"prediction_sets": "/conformal", "abstention": "/abstention"}


def measure(validation: Predictions | None, test: Predictions, config: AuditConfig) -> Findings:
    """Everything of the section that needs no model.

    Args:
        validation: predictions that thresholds are set by; None where there are none.
        test: predictions that are judged.
        config: of the whole audit.
    """
    names = [name for name in _FROM_PREDICTIONS if wanted(name, config.robustness)]
    if validation is None:
        why = "there are no predictions of validation rows to set thresholds by"
        return Findings(missing={_PLACES[name]: why for name in names})
    return join(*(_FROM_PREDICTIONS[name](validation, test, config) for name in names))


def join(*parts: Findings) -> Findings:
    """Several findings of the section as one: what several parts measured of a group stands together.

    A part that found nothing at all is then only missing its own place: the section is there.
    """
    values: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for part in parts:
        values = _merged(values, part.values)
        missing |= part.missing
    if values and "" in missing:
        missing["/families"] = missing.pop("")
    return Findings(values=values, missing=missing)


def _merged(into: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(into)
    for key, value in other.items():
        both = isinstance(found.get(key), Mapping) and isinstance(value, Mapping) and "low" not in value
        found[key] = _merged(found[key], value) if both else value
    return found
