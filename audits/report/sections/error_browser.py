"""The errors of each group, row by row: to read, not to test."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..document import Block, Cell, Column, Count, Fold, Gallery, Heading, Measure, Name, Prose, Row, Table
from ..figures import plain, share_of
from .explained_rows import picture, said, value

__all__ = ["error_browser"]

_SAYS = (
    "The worst, the least certain and the most typical rows of each group, and what sets errors apart. It "
    "is for reading: with so many columns something always stands out, and no test was made. Gaps between "
    "groups are measured under Fairness."
)


def error_browser(found: Mapping[str, Any]) -> list[Block]:
    """Attribute by attribute: a table of groups, then their rows."""
    if not found:
        return []
    blocks: list[Block] = [Heading("Where it errs"), Prose(_SAYS)]
    for attribute, held in found.items():
        groups = held["groups"]
        blocks.append(_groups(attribute, groups, held["more_groups"]))
        inside: list[Block] = []
        for name, group in groups.items():
            inside += _rows(name, group["examples"])
        if inside:
            blocks.append(Fold(("Rows to look at, by ", Name(attribute)), tuple(inside)))
    return blocks


def _groups(attribute: str, groups: Mapping[str, Any], more: int) -> Table:
    regression = any("mean_error" in group for group in groups.values())
    heads = [
        Column("Group"),
        Column("n", "number"),
        *([] if regression else [Column("Errors", "number")]),
        Column("Mean error, 95% interval" if regression else "Error rate, 95% interval", "number"),
        Column("Among its errors, against its other rows"),
    ]
    rows = []
    for name, group in groups.items():
        rate: Cell = (
            Measure(group["mean_error"], "plain") if regression else Measure(group["error_rate"], "share")
        )
        errors: list[Cell] = [] if regression else [Count(group["errors"])]
        rows.append(Row(((Name(name),), Count(group["n"]), *errors, rate, _apart(group["differences"]))))
    caption: tuple[Any, ...] = ("Errors by ", Name(attribute))
    caption += (f"; {more} smaller groups are not shown",) if more else ()
    return Table(caption=caption, columns=tuple(heads), rows=tuple(rows))


def _apart(differences: Sequence[Mapping[str, Any]]) -> tuple[Any, ...]:
    """age 44.1 against 38.7; relationship Husband 87.7% against 54.5%."""
    told: list[Any] = []
    for line in differences:
        told += ["; "] if told else []
        told.append(Name(line["feature"]))
        if "is" in line:
            shares = (share_of(line["errors"], 1.0), share_of(line["others"], 1.0))
            told += [" ", Name(line["is"]), f" {shares[0]} against {shares[1]}"]
        else:
            told.append(f" {plain(line['errors'], 3)} against {plain(line['others'], 3)}")
    return tuple(told) or ("nothing to compare",)


def _rows(group: str, examples: Sequence[Mapping[str, Any]]) -> list[Block]:
    pictures = [picture(example, "Picture") for example in examples if "picture" in example]
    if pictures:
        return [Prose((Name(group),)), Gallery(tuple(pictures))]
    columns = list(dict.fromkeys(name for example in examples for name in example.get("inputs", {})))
    if not examples:
        return []
    rows = tuple(
        Row((said(example), *((Name(value(example.get("inputs", {}).get(name))),) for name in columns)))
        for example in examples
    )
    heads = (Column("Row"), *(Column(Name(name)) for name in columns))
    return [Table(caption=(Name(group),), columns=heads, rows=rows)]
