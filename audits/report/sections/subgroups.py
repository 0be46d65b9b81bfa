"""The worst subgroups: conjunctions of up to three columns where the model is worse or biased."""

from collections.abc import Mapping
from typing import Any

from ..charts.scale import scale_over
from ..document import Block, Column, Count, Fold, Inline, Measure, Name, Prose, Row, Section, Strip, Table
from ..figures import count, plain
from ..metrics import Unit, in_order
from .absence import not_measured
from .sheet import sheet

__all__ = ["slice_name", "subgroups"]

_TITLE = "Worst subgroups"
_NAMED = 12  # columns that were left out, by name
_SAYS = {
    "error": "Where the model is wrong more often, or by more, than elsewhere.",
    "decision": "Where decisions differ from those on rows of the same truth elsewhere.",
    "score": "Where scores promise more (above 0) or less than came true, beside rows of the same score.",
}


def subgroups(report: Mapping[str, Any]) -> Section:
    """What was searched, then each statistic: its slices, or that none was found and what could have been."""
    found = report.get("slices")
    if found is None:
        return Section("slices", _TITLE, (not_measured(report, "/slices"),))
    task = report["model"]["task"]
    blocks: list[Block] = [Prose(_opening(found))]
    for name in in_order(found["statistics"], tuple(_SAYS)):
        blocks += _statistic(name, found["statistics"][name], task)
    if found.get("left_out"):
        blocks.append(Prose(_left_out(found["left_out"]), small=True))
    blocks.append(Fold("How it was searched", tuple(sheet(found["settings"]))))
    return Section("slices", _TITLE, tuple(blocks))


def _opening(found: Mapping[str, Any]) -> str:
    depth = found["settings"]["depth"]
    kinds = (
        "of one column",
        "of one and two columns",
        "of one and two columns, and of three where two already stand out,",
    )
    return (
        f"Slices {kinds[depth - 1]} were searched among {len(found['columns'])} columns "
        f"of {count(found['n'])} test rows, whether or not the model sees the columns. A slice is shown "
        "if chance gives no slice of the whole search as large a z in 95 of 100 such searches, and if the "
        "slices above it don't explain it. Intervals hold for all searched slices at once. A slice says "
        "where, not why: its columns need not be the cause, and what isn't in the data can't be searched."
    )


def _statistic(name: str, held: Mapping[str, Any], task: str) -> list[Block]:
    says = _SAYS.get(name, name)
    if task == "regression" and name == "decision":
        says = "Where predictions are too high (above 0) or too low, beside elsewhere."
    if not held["found"]:
        return [Prose(f"{says} None found among {_looked_at(held)} slices. {_detectable(held)}")]
    unit: Unit = "plain" if task == "regression" else "share"
    return [_table(says, held, unit), Prose(_detectable(held), small=True)]


def _table(says: str, held: Mapping[str, Any], unit: Unit) -> Table:
    numbers = [one["difference"] for one in held["found"]]
    ends = [number[key] for number in numbers for key in ("value", "low", "high")]
    scale = scale_over(ends, include=(0.0,))
    rows = tuple(
        Row(
            (
                slice_name(one["slice"]),
                Count(one["n"]),
                plain(one["value"], 3),
                plain(one["elsewhere"], 3),
                Measure(one["difference"], unit),
                Strip(one["difference"], scale),
                plain(one["p"], 2),
            )
        )
        for one in held["found"]
    )
    columns = (
        Column("Slice"),
        Column("n", "number"),
        Column("Inside", "number"),
        Column("Elsewhere", "number"),
        Column("Difference, interval", "number"),
        Column("", "chart", scale),
        Column("p, family-wise", "number"),
    )
    return Table(caption=f"{says} {_looked_at(held)} slices were looked at.", columns=columns, rows=rows)


def slice_name(predicates: Mapping[str, str]) -> tuple[Inline, ...]:
    """The conditions of a slice in words."""
    parts: list[Inline] = []
    for column, label in predicates.items():
        parts += [" and ", Name(column)] if parts else [Name(column)]
        parts += [" ", Name(label)] if label[:1] in "<≥=" else [": ", Name(label)]
    return tuple(parts)


def _left_out(reasons: Mapping[str, str]) -> tuple[Inline, ...]:
    parts: list[Inline] = ["Not searched: "]
    for column, why in list(reasons.items())[:_NAMED]:
        parts += ["; "] if len(parts) > 1 else []
        parts += [Name(column), f" ({why})"]
    more = len(reasons) - _NAMED
    return (*parts, f"; and {more} more columns, in report.json." if more > 0 else ".")


def _looked_at(held: Mapping[str, Any]) -> str:
    return count(sum(held["looked_at"]))


def _detectable(held: Mapping[str, Any]) -> str:
    said = ", ".join(f"{plain(one['difference'], 2)} in {count(one['n'])} rows" for one in held["detectable"])
    if not said:
        return "There were too few permutations to find any."
    return f"Found in 80% of samples would be a difference of {said}."
