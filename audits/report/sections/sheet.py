"""Plain JSON as facts and tables: datasheets, settings, environments, whatever keys they have."""

from collections.abc import Mapping
from typing import Any

from ..document import Absent, Block, Cell, Code, Column, Count, Facts, Heading, Measure, Name, Row, Table
from ..figures import plain

__all__ = ["LONGEST", "cell", "sheet", "title"]

LONGEST = 120
"""Rows of one table, items of one list: beyond, report.json has them all and the page says so."""

_DIGEST_LENGTHS = (40, 64)


def title(key: str) -> str:
    """A key as a person would write it: `label_balance` is Label balance."""
    words = key.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def cell(value: Any) -> Cell:
    """One JSON value in one cell."""
    if value is None or value == [] or value == {} or value == "":
        return Absent("none")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return Count(value)
    if isinstance(value, float):
        return plain(value)
    if isinstance(value, str):
        bare = value.removeprefix("sha256:")
        return (
            Code(value)
            if len(bare) in _DIGEST_LENGTHS and set(bare) <= set("0123456789abcdef")
            else Name(value)
        )
    if isinstance(value, Mapping):
        return (
            Measure(value, "plain")
            if "value" in value
            else _joined([f"{k}: {_flat(v)}" for k, v in value.items()])
        )
    return _joined([_flat(item) for item in value])


def sheet(facts: Mapping[str, Any], caption: str) -> list[Block]:
    """Blocks for a mapping: its plain values as facts, its tables as tables, the rest under headings of their own."""
    flat = {key: value for key, value in facts.items() if _is_flat(value)}
    blocks: list[Block] = []
    if flat:
        blocks.append(Facts(tuple((_term(key), cell(value)) for key, value in flat.items())))
    for key, value in facts.items():
        if key not in flat:
            blocks += _nested(key, value, caption)
    return blocks


def _nested(key: str, value: Any, caption: str) -> list[Block]:
    rows = _records(value)
    if rows is not None:
        return [_table((Name(title(key)),), rows, headed=isinstance(value, Mapping))]
    if isinstance(value, Mapping):
        return [Heading((Name(title(key)),)), *sheet(value, f"{caption}, {key}")]
    return [Facts(((_term(key), cell(value)),))]


def _table(caption: tuple[Name, ...], rows: list[tuple[str, Mapping[str, Any]]], headed: bool) -> Block:
    keys = list(dict.fromkeys(key for _, row in rows for key in row))
    heads = (
        (Column(""), *(Column(title(key), _kind(rows, key)) for key in keys))
        if headed
        else tuple(Column(title(key), _kind(rows, key)) for key in keys)
    )
    lines = tuple(
        Row(((Name(name),) if headed else ()) + tuple(cell(row[key]) if key in row else "" for key in keys))
        for name, row in rows[:LONGEST]
    )
    more = len(rows) - LONGEST
    text = (*caption, f"; {more} more rows in report.json") if more > 0 else caption
    return Table(caption=text, columns=heads, rows=lines)


def _records(value: Any) -> list[tuple[str, Mapping[str, Any]]] | None:
    """(name, flat mapping) of each row where a value is a table, else None."""
    pairs = list(value.items()) if isinstance(value, Mapping) else [("", item) for item in value]
    fits = pairs and all(
        isinstance(row, Mapping) and row and all(map(_is_flat, row.values())) for _, row in pairs
    )
    return pairs if fits else None


def _is_flat(value: Any) -> bool:
    if isinstance(value, Mapping):
        return not value or ("value" in value and "low" in value)
    return not isinstance(value, list) or not any(isinstance(item, Mapping | list) for item in value)


def _kind(rows: list[tuple[str, Mapping[str, Any]]], key: str) -> Any:
    numbers = [
        isinstance(row[key], int | float) and not isinstance(row[key], bool) for _, row in rows if key in row
    ]
    return "number" if all(numbers) else "text"


def _term(key: str) -> tuple[Name, ...]:
    return (Name(title(key)),)


def _flat(value: Any) -> str:
    if isinstance(value, float):
        return plain(value)
    return str(value)


def _joined(items: list[str]) -> Cell:
    shown = items[:LONGEST]
    parts: list[str | Name | Code] = []
    for item in shown:
        parts += [", ", Name(item)] if parts else [Name(item)]
    if len(items) > len(shown):
        parts.append(f" and {len(items) - len(shown)} more in report.json")
    return tuple(parts)
