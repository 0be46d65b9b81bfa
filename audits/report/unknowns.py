"""What is not known, the gravest first: open gates, gaps in what was measured, what nobody asked for."""

from collections.abc import Mapping
from typing import Any

from ..metrics import METRICS
from .document import Inline, Name
from .metrics import describe
from .pointers import tokens
from .sections.gate import check_title
from .sections.sheet import title

__all__ = ["unknowns"]

_ROOMS = (
    "performance",
    "fairness",
    "calibration",
    "explanation",
    "robustness",
    "privacy",
    "training",
    "data",
    "carbon",
    "model",
    "lineage",
)
_SKIPPED = (
    "groups",
    "metrics",
    "attributes",
    "intersections",
    "differences",
    "difference",
    "ratios",
    "methods",
    "audited",
    "membership",
)
_SHARED = ("epsilon",)
"""Keys of several parts of the report, one of which is a metric."""
_MINOR = 100
_OPTIONAL = ("comparisons", "compression", "mitigation")
"""Rooms whose absence says nothing of how far the rest can be trusted."""
_CARD = ("intended_use", "out_of_scope", "contact")
_NAMED = 3

Line = tuple[Inline, ...]


def unknowns(report: Mapping[str, Any]) -> list[Line]:
    """One line for each reason, the gravest first; places that share section and reason share a line."""
    lines: list[Line] = [
        (*check_title(check), ": ", *_sentence(check.get("reason") or "the evidence does not decide"))
        for check in report.get("policy", {}).get("checks", [])
        if check["status"] == "inconclusive"
    ]
    carbon = report.get("carbon")
    if carbon is not None and not carbon["complete"]:
        lines.append(("Energy: not every reading can be trusted; see the flags in its section.",))
    grouped = _grouped(report)
    lines += [line for weight, line in grouped if weight < _MINOR]
    silent = [title(key).lower() for key in _CARD if not report["card"].get(key)]
    if silent:
        lines.append((f"Not declared by anyone: {', '.join(silent)}.",))
    return lines + [line for weight, line in grouped if weight >= _MINOR]


def _grouped(report: Mapping[str, Any]) -> list[tuple[int, Line]]:
    together: dict[tuple[int, str, str], list[list[str]]] = {}
    for place, why in report["missing"].items():
        room, *rest = tokens(place)
        together.setdefault((_weight(room, rest), room, why), []).append(rest)
    return [(weight, _line(room, why, together[weight, room, why])) for weight, room, why in sorted(together)]


def _weight(room: str, rest: list[str]) -> int:
    """Holes in what was measured first, then whole rooms, last what a decision hardly rests on."""
    if "baselines" in rest or (room == "carbon" and rest) or (room in _OPTIONAL and not rest):
        return _MINOR
    return _ROOMS.index(room) if rest and room in _ROOMS else len(_ROOMS)


def _line(room: str, why: str, places: list[list[str]]) -> Line:
    parts: list[Inline] = [title(room)]
    named = list(dict.fromkeys(_said(rest) for rest in places if rest))
    for index, said in enumerate(named[:_NAMED]):
        parts += ["; " if index else " › ", Name(said)]
    if len(named) > _NAMED:
        parts.append(f" and {len(named) - _NAMED} more")
    return (*parts, ": ", *_sentence(why))


def _sentence(why: str) -> tuple[Inline, ...]:
    return (Name(why.rstrip(". "), whole=True), ".")


def _said(rest: list[str]) -> str:
    """Tokens that a reader needs, metrics by their title: `sex › Female › Selection rate`."""
    kept = [token for token in rest if token not in _SKIPPED] or rest
    return " › ".join(
        describe(token).title if token in METRICS and token not in _SHARED else token.replace("_", " ")
        for token in kept
    )
