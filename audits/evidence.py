"""Evidence that a policy requires: dotted paths into report.json, and where they lead.

`explanation.faithfulness` is a key; `fairness.sex` leaves out the `attributes` between, as a person would.
What a path may be is read from the report's schema, so that a typing error is refused before anything runs.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..platform.exceptions import SpecError, nearest
from .findings import pointer
from .metrics import METRICS

__all__ = ["check_path", "lacking"]

_SCHEMA = Path(__file__).parent / "report" / "report.schema.json"

_BETWEEN = ("attributes", "intersections", "groups", "metrics", "differences", "ratios", "methods")
"""Keys that a path may leave out."""

_PLANNED = {"compression": ("metrics",)}
"""Sections that nothing fills yet: what may be asked of them, and stays missing."""

_NOT_FINDINGS = ("schema_version", "created", "volatile", "policy", "evidence", "missing")

Place = tuple[str, ...]


def check_path(path: str, *, sensitive: Sequence[str]) -> None:
    """Refuse a path that no report could have.

    Args:
        path: as in `requires`.
        sensitive: names of the sensitive columns.

    Raises:
        SpecError: it leads nowhere; the nearest that leads somewhere is named.
    """
    tokens = path.split(".")
    for depth in range(1, len(tokens) + 1):
        leads = places(".".join(tokens[:depth]))
        if not any(_sound(place, sensitive) for place in leads):
            raise SpecError(
                "the policy requires what no report has",
                got=path,
                expected="a dotted path into report.json, such as explanation.faithfulness",
                mend=nearest(tokens[depth - 1], _known(tokens[: depth - 1], sensitive)),
            )


def lacking(paths: Sequence[str], report: Mapping[str, Any]) -> list[str]:
    """For each path that leads to nothing in a report, the path and the report's reason."""
    found = []
    for path in paths:
        leads = places(path)
        if not any(_at(report, place) not in (None, {}, [], "") for place in leads):
            found.append(f"{path}: {_reason(report, leads or [tuple(path.split('.'))])}")
    return found


def places(path: str) -> list[Place]:
    """Where a path may lead in a report, by its schema; nowhere if it can't be."""
    head, *rest = path.split(".")
    if head in _PLANNED:
        return [(head, *rest)] if not rest or rest[0] in _PLANNED[head] else []
    return [] if head in _NOT_FINDINGS else list(_walk(_schema(), (), [head, *rest]))


def _walk(node: Mapping[str, Any], place: Place, tokens: list[str]) -> Iterator[Place]:
    """Every place that the tokens reach below one node of the schema."""
    if not tokens:
        yield place
        return
    node = _resolved(node)
    inside, others = node.get("properties", {}), node.get("additionalProperties", True)
    if tokens[0] in inside:
        yield from _walk(inside[tokens[0]], (*place, tokens[0]), tokens[1:])
    elif isinstance(others, Mapping):
        yield from _walk(others, (*place, tokens[0]), tokens[1:])
    elif others and node.get("type", "object") == "object" and not inside:
        yield (*place, *tokens)
    for key in _BETWEEN:
        if key in inside and key != tokens[0]:
            yield from _walk(inside[key], (*place, key), tokens)


def _sound(place: Place, sensitive: Sequence[str]) -> bool:
    """Whether every name below a key that holds names is one that can be there."""
    return all(
        name in known or (key == "intersections" and " × " in name)
        for key, name in pairwise(place)
        if (known := _named(key, sensitive)) is not None
    )


def _named(key: str, sensitive: Sequence[str]) -> Iterable[str] | None:
    """Names that may stand below a key; None where anything may."""
    if key == "methods":
        from .explanation.methods import METHODS

        return METHODS
    tables = {"metrics": METRICS, "differences": METRICS, "ratios": METRICS}
    return {**tables, "attributes": sensitive, "intersections": ()}.get(key)


def _known(tokens: Sequence[str], sensitive: Sequence[str]) -> list[str]:
    """Names that may follow these, those between left out as in a path."""
    if tokens and tokens[0] in _PLANNED:
        return list(_PLANNED[tokens[0]])
    node = _schema()
    for token in tokens:
        node = _resolved(node)
        node = node.get("properties", {}).get(token, node.get("additionalProperties"))
        if not isinstance(node, Mapping):
            return []
    names = [*_resolved(node).get("properties", {})]
    names += [name for key in names if key in _BETWEEN for name in _named(key, sensitive) or ()]
    return names if tokens else [name for name in names if name not in _NOT_FINDINGS]


def _resolved(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """The node that a reference stands for."""
    while "$ref" in node:
        node = _schema()["$defs"][node["$ref"].removeprefix("#/$defs/")]
    return node


@cache
def _schema() -> dict[str, Any]:
    return json.loads(_SCHEMA.read_bytes())


def _reason(report: Mapping[str, Any], leads: Sequence[Place]) -> str:
    missing = report.get("missing", {})
    for place in leads:
        for depth in range(len(place), 0, -1):
            if pointer(*place[:depth]) in missing:
                return missing[pointer(*place[:depth])]
    return "it is not in the report"


def _at(report: Any, place: Place) -> Any:
    for key in place:
        if not isinstance(report, Mapping) or key not in report:
            return None
        report = report[key]
    return report
