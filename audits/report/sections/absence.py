"""Why something is not in the report."""

from collections.abc import Mapping
from typing import Any

from ..document import Absent, Cell, Measure, Name, Prose
from ..metrics import describe

__all__ = ["measure_or_reason", "not_measured", "reason"]

_UNLISTED = "Not in the report."


def reason(report: Mapping[str, Any], place: str) -> str | None:
    """What `missing` says of a pointer, or of the nearest place that holds it."""
    while place:
        if place in report["missing"]:
            return report["missing"][place]
        place = place.rpartition("/")[0]
    return None


def not_measured(report: Mapping[str, Any], place: str) -> Prose:
    """A section that is not there says why in its first sentence."""
    return Prose((Name(reason(report, place) or _UNLISTED, whole=True),))


def measure_or_reason(report: Mapping[str, Any], numbers: Mapping[str, Any], name: str, place: str) -> Cell:
    """The measured number `name`, or why it is absent."""
    if name in numbers:
        return Measure(numbers[name], describe(name).unit)
    return Absent(reason(report, f"{place}/{name}") or _UNLISTED)
