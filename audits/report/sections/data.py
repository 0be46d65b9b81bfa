"""What the model was made from: source, splits, columns, and the datasheet as the data wrote it."""

from collections.abc import Mapping
from typing import Any

from ..document import (
    Absent,
    Block,
    Cell,
    Code,
    Count,
    Facts,
    Fold,
    Heading,
    Listing,
    Name,
    Prose,
    Section,
    Text,
)
from ..figures import count
from .absence import reason
from .row_audit import row_audit
from .sheet import cell, sheet, title

__all__ = ["data"]

_INSIDE = (Mapping, list)
_ABOVE = ("rows", "splits")
"""Keys of the datasheet that the facts say already."""
_OPEN = {"harms": "Known harms of this data:", "notes": "Notes:"}
"""Lists of sentences that are shown open."""


def data(report: Mapping[str, Any]) -> Section:
    """Facts first; the datasheet's tables folded one by one."""
    found = report["data"]
    splits = ", ".join(f"{name} {count(rows)}" for name, rows in found.get("splits", {}).items())
    pairs: list[tuple[Text, Cell]] = [
        ("Source", (Name(found["source"]),)),
        ("Digest", Code(found["digest"]) if "digest" in found else _absent(report, "/data/digest")),
        ("Rows", Count(found["rows"]) if "rows" in found else _absent(report, "/data/rows")),
        ("Splits", splits or _absent(report, "/data/splits")),
        ("Target", (Name(found["target"]),) if found.get("target") else _absent(report, "/data/target")),
        ("Sensitive columns", cell(found.get("sensitive"))),
        ("Features", cell(found.get("features"))),
    ]
    sheets = {key: value for key, value in found.get("datasheet", {}).items() if key not in _ABOVE}
    pairs += [
        (Name(title(key)), cell(value)) for key, value in sheets.items() if not isinstance(value, _INSIDE)
    ]
    blocks: list[Block] = [Facts(tuple(pairs)), *row_audit(report)]
    for key, words in _OPEN.items():
        lines = [str(line) for line in sheets.pop(key, ())]
        if lines:
            blocks += [Prose(words), Listing(tuple((Name(line, whole=True),) for line in lines))]
    for key, value in sheets.items():
        if isinstance(value, _INSIDE) and value:
            inside = sheet({key: value})
            # The fold's own line is heading enough.
            blocks.append(Fold(Name(title(key)), tuple(inside[isinstance(inside[0], Heading) :])))
    return Section("data", "Data", tuple(blocks))


def _absent(report: Mapping[str, Any], place: str) -> Absent:
    return Absent(reason(report, place) or "not recorded")
