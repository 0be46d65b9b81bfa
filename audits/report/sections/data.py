"""What the model was made from: source, splits, columns, and the datasheet as the data wrote it."""

from collections.abc import Mapping
from typing import Any

from ..document import Absent, Block, Cell, Code, Count, Facts, Fold, Name, Section, Text
from ..figures import count
from .absence import reason
from .sheet import cell, sheet, title

__all__ = ["data"]


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
    blocks: list[Block] = [Facts(tuple(pairs))]
    for key, value in found.get("datasheet", {}).items():
        if isinstance(value, Mapping | list) and value:
            blocks.append(Fold((Name(title(key)),), tuple(sheet({key: value}))))
    plain = {
        key: value
        for key, value in found.get("datasheet", {}).items()
        if not isinstance(value, Mapping | list)
    }
    if plain:
        blocks.insert(1, Facts(tuple(((Name(title(key)),), cell(value)) for key, value in plain.items())))
    return Section("data", "Data", tuple(blocks))


def _absent(report: Mapping[str, Any], place: str) -> Absent:
    return Absent(reason(report, place) or "not recorded")
