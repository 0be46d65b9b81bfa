"""What is not known, the gravest first: open gates, gaps in what was measured, what nobody asked for."""

from collections.abc import Mapping
from typing import Any

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
    "training",
    "data",
    "carbon",
    "model",
    "lineage",
)
_SKIPPED = ("groups", "metrics", "attributes", "intersections", "differences", "ratios", "methods")
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
    lines += _grouped(report)
    if "training" in report:
        lines.append(("How a model that is trained again would differ: one seed was trained.",))
    silent = [title(key).lower() for key in _CARD if not report["card"].get(key)]
    if silent:
        lines.append((f"Not declared by anyone: {', '.join(silent)}.",))
    return lines


def _grouped(report: Mapping[str, Any]) -> list[Line]:
    together: dict[tuple[str, str], list[list[str]]] = {}
    for place, why in report["missing"].items():
        room, *rest = tokens(place)
        together.setdefault((room, why), []).append(rest)
    order = sorted(together, key=lambda key: (_rank(key[0], together[key]), key))
    return [_line(room, why, together[room, why]) for room, why in order]


def _rank(room: str, places: list[list[str]]) -> int:
    whole = any(not rest for rest in places)
    return (_ROOMS.index(room) if room in _ROOMS else len(_ROOMS)) + (10 if whole else 0)


def _line(room: str, why: str, places: list[list[str]]) -> Line:
    parts: list[Inline] = [title(room)]
    named = [rest for rest in places if rest]
    for index, rest in enumerate(named[:_NAMED]):
        parts += ["; " if index else " › ", Name(_said(rest))]
    if len(named) > _NAMED:
        parts.append(f" and {len(named) - _NAMED} more")
    return (*parts, ": ", *_sentence(why))


def _sentence(why: str) -> tuple[Inline, ...]:
    return (Name(why.rstrip(". ")), ".")


def _said(rest: list[str]) -> str:
    """The last token is often a metric: `sex › Female › Selection rate`."""
    kept = [token for token in rest if token not in _SKIPPED] or rest
    *above, last = kept
    return " › ".join([*above, describe(last).title if last.islower() and "_" in last else last])
