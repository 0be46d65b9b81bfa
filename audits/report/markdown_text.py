"""Text, tables and marks of Markdown (CommonMark with GitHub's tables), with foreign text made inert."""

import re
from collections.abc import Iterable

from .document import (
    Absent,
    Bar,
    Cell,
    Code,
    Count,
    Mark,
    Measure,
    Name,
    Reach,
    Scale,
    Shade,
    Strip,
    Table,
    Text,
)
from .figures import count, figure, interval
from .taming import tame

__all__ = ["cell", "escape", "inline", "table"]

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;", "|": "&#124;"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]~$])")
_LINK = re.compile(r"(:(?=//)|(?<=www)\.)", re.IGNORECASE)
_FIRST = re.compile(r"^([-+=#.]|\d+(?=[.)](?:\s|$)))")
_DRAWN = (Strip, Bar, Reach, Scale)


def escape(text: str, whole: bool = False) -> str:
    """Foreign text that shows as it is: no markup, no HTML, no link, no mention, no new line or cell."""
    marked = _LINK.sub(r"\\\1", _SPECIAL.sub(r"\\\1", tame(text, whole)))
    inert = "".join(_ENTITIES.get(letter, letter) for letter in marked)
    return _FIRST.sub(lambda found: _inert_start(found[1]), inert)  # last: what it writes is an entity


def _inert_start(start: str) -> str:
    """What would open a list, a heading or a rule at the start of a line."""
    return f"&#{ord(start[0])};{start[1:]}" if start[0].isdigit() else f"\\{start}"


def _own(text: str) -> str:
    """Our own words: they hold no markup, but may hold signs that Markdown would take for some."""
    return "".join(_ENTITIES.get(letter, letter) for letter in re.sub(r"([\\`*_\[\]])", r"\\\1", text))


def inline(text: Text) -> str:
    """Any text of the document."""
    if isinstance(text, str):
        return _own(text)
    if isinstance(text, Name):
        return escape(text.text, text.whole)
    if isinstance(text, Code):
        return f"<code>{escape(text.text)}</code>"
    return "".join(inline(part) for part in text)


def cell(value: Cell) -> str:
    """Any cell; drawings have no text, because their numbers stand beside them."""
    if isinstance(value, Measure):
        held = interval(value.number, value.unit, value.like)
        return f"**{figure(value.number, value.unit, value.like)}**" + (f" ({held})" if held else "")
    if isinstance(value, Count | Shade):
        return count(value.n)
    if isinstance(value, Mark):
        return {"pass": "✓ pass", "fail": "✗ fail", "inconclusive": "◐ inconclusive", "none": "–"}[
            value.status
        ]
    if isinstance(value, Absent):
        return f"*{escape(value.reason)}*"
    return "" if isinstance(value, _DRAWN) else inline(value)


def table(block: Table) -> list[str]:
    """Caption and lines of a table, without its columns of drawings."""
    kept = [index for index, column in enumerate(block.columns) if column.kind != "chart"]
    rule = {"number": "---:", "text": "---"}
    lines = [f"**{inline(block.caption)}**", ""]
    lines.append(_line(inline(block.columns[index].title) for index in kept))
    lines.append(_line(rule[block.columns[index].kind] for index in kept))
    for row in block.rows:
        if row.kind == "group":
            lines.append(_line([f"**{cell(row.cells[0])}**", *[""] * (len(kept) - 1)]))
        else:
            lines.append(_line(cell(row.cells[index]) for index in kept))
    return [*lines, ""]


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
