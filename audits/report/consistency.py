"""What a schema can't say: intervals hold their value, pointers lead somewhere, two reports agree."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .identity import without_volatile
from .pointers import leaves, resolve

__all__ = ["Fault", "differences", "faults"]

_ABSENT = object()


@dataclass(frozen=True)
class Fault:
    """One place of a report and what is wrong there."""

    pointer: str
    message: str


def faults(report: Mapping[str, Any]) -> list[Fault]:
    """Contradictions inside one report; empty for every report that `assemble` made of sound findings."""
    found = []
    for place, value in leaves(report):
        if isinstance(value, float) and not math.isfinite(value):
            found.append(Fault(place, "is not a finite number"))
        if place.endswith("/value"):
            found += _interval_faults(report, place.removesuffix("/value"))
    for place in report.get("missing", {}):
        if resolve(report, place, _ABSENT) is not _ABSENT:
            found.append(Fault(place, "is listed as missing and stands in the report"))
    for place in report.get("evidence", {}):
        if resolve(report, place, _ABSENT) is _ABSENT:
            found.append(Fault(place, "has evidence and does not stand in the report"))
    return found


def _interval_faults(report: Mapping[str, Any], place: str) -> list[Fault]:
    measured = resolve(report, place)
    low, value, high = (measured.get(key) for key in ("low", "value", "high"))
    if low is None or high is None or low <= value <= high:
        return []
    return [Fault(place, f"the interval {low} to {high} does not hold its value {value}")]


def differences(stored: dict[str, Any], again: dict[str, Any], *, relative: float = 1e-9) -> list[Fault]:
    """Where two reports differ, volatile fields aside.

    Args:
        stored: the report that was published; its list of volatile fields counts for both.
        again: the same report, computed again from the evidence.
        relative: floats this close to each other are equal; everything else must be identical.

    Returns:
        One fault a place, in the order of the stored report.
    """
    volatile = stored.get("volatile", [])
    old = dict(leaves(without_volatile(stored)))
    new = dict(leaves(without_volatile({**again, "volatile": volatile})))
    found = []
    for place in [*old, *(place for place in new if place not in old)]:
        before, after = old.get(place, _ABSENT), new.get(place, _ABSENT)
        if not _same(before, after, relative):
            found.append(Fault(place, f"the report says {_said(before)}, the evidence gives {_said(after)}"))
    return found


def _same(before: Any, after: Any, relative: float) -> bool:
    if isinstance(before, bool) or isinstance(after, bool):
        return before is after
    if isinstance(before, float | int) and isinstance(after, float | int):
        return math.isclose(before, after, rel_tol=relative, abs_tol=1e-12)
    return before == after


def _said(value: Any) -> str:
    return "nothing" if value is _ABSENT else repr(value)
