"""Plain JSON as facts and tables: datasheets, settings, environments, whatever keys they have."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..document import (
    Absent,
    Block,
    Cell,
    Code,
    Column,
    Count,
    Facts,
    Heading,
    Inline,
    Measure,
    Name,
    Row,
    Table,
)
from ..figures import count, plain, share_of

__all__ = ["LONGEST", "cell", "sheet", "title"]

LONGEST = 120
"""Rows of one table, items of one list: beyond, report.json has them all and the page says so."""

_DIGEST_LENGTHS = (40, 64)
_IN_A_CELL = 12  # keys of a mapping that is still written in one cell
_SCALARS = (str, int, float, bool, type(None))


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
        return _of_mapping(value)
    return _joined([_flat(item) for item in value])


def sheet(facts: Mapping[str, Any]) -> list[Block]:
    """Blocks for a mapping: plain values as facts, tables as tables, the rest under headings of its own."""
    flat = {key: value for key, value in facts.items() if _is_flat(value)}
    blocks: list[Block] = []
    if len(flat) > _IN_A_CELL:
        rows = [(key, {"": value}) for key, value in flat.items()]
        blocks.append(_table("", rows, headed=True))
    elif flat:
        blocks.append(Facts(tuple((Name(title(key)), cell(value)) for key, value in flat.items())))
    for key, value in facts.items():
        if key not in flat:
            blocks += _nested(key, value)
    return blocks


def _nested(key: str, value: Any) -> list[Block]:
    rows = _records(value)
    if rows is not None:
        return [_table(title(key), rows, headed=isinstance(value, Mapping))]
    if isinstance(value, Mapping):
        return [Heading(Name(title(key))), *sheet(value)]
    return [Facts(((Name(title(key)), cell(value)),))]


def _table(caption: str, rows: Sequence[tuple[str, Mapping[str, Any]]], headed: bool) -> Table:
    """A row a record; a mapping's own keys stand as they are, because they may be anyone's names."""
    keys = list(dict.fromkeys(key for _, row in rows for key in row))
    heads = [Column(Name(key if headed else title(key)), _kind(rows, key)) for key in keys]
    lines = []
    for name, row in rows[:LONGEST]:
        cells = [cell(row[key]) if key in row else "" for key in keys]
        lines.append(Row((Name(name), *cells) if headed else tuple(cells)))
    more = len(rows) - LONGEST
    said: tuple[Inline, ...] = (Name(caption),) if caption else ()
    said += (f"; {more} more rows in report.json",) if more > 0 else ()
    return Table(caption=said, columns=(*([Column("")] if headed else []), *heads), rows=tuple(lines))


def _records(value: Any) -> list[tuple[str, Mapping[str, Any]]] | None:
    """(name, flat mapping) of each row where a value is a table, else None."""
    pairs = list(value.items()) if isinstance(value, Mapping) else [("", item) for item in value]
    fits = all(isinstance(row, Mapping) and row and all(map(_is_flat, row.values())) for _, row in pairs)
    return pairs if pairs and fits else None


def _is_flat(value: Any) -> bool:
    if isinstance(value, Mapping):
        return len(value) <= _IN_A_CELL and all(isinstance(item, _SCALARS) for item in value.values())
    return not isinstance(value, list) or all(isinstance(item, _SCALARS) for item in value)


def _kind(rows: Sequence[tuple[str, Mapping[str, Any]]], key: str) -> Any:
    values = [row[key] for _, row in rows if key in row]
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    return "number" if numbers or all(map(_is_share, values)) else "text"


def _is_share(value: Any) -> bool:
    return isinstance(value, Mapping) and value.keys() == {"n", "share"}


def _of_mapping(value: Mapping[str, Any]) -> Cell:
    if _is_share(value):
        return f"{count(value['n'])} ({share_of(value['share'], 1.0)})"
    if "value" in value and "low" in value:
        return Measure(value, "plain")
    return _joined([f"{key}: {_flat(item)}" for key, item in value.items()])


def _flat(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return plain(value) if isinstance(value, float) else str(value)


def _joined(items: list[str]) -> tuple[Inline, ...]:
    parts: list[Inline] = []
    for item in items[:LONGEST]:
        parts += [", ", Name(item)] if parts else [Name(item)]
    if len(items) > LONGEST:
        parts.append(f" and {len(items) - LONGEST} more in report.json")
    return tuple(parts)
