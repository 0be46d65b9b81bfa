"""Families of changes to the same rows: unharmed, mean and worst side by side; then every change."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..charts.scale import Scale, scale_over
from ..document import (
    Block,
    Cell,
    Column,
    Count,
    Fold,
    Gallery,
    Inline,
    Measure,
    Name,
    Picture,
    Row,
    Shade,
    Strip,
    Table,
    Text,
)
from ..figures import plain
from ..metrics import Unit
from .sheet import LONGEST, title

__all__ = ["calibration_after", "change_name", "every_change", "overview_rows"]

_WORST_SHOWN = 10
_UNITS: dict[str, Unit] = {"accuracy": "share", "mean_absolute_error": "plain"}
_SPELLED = {
    "noise": "noise on all numbers, {} × their standard deviation",
    "shift": "moved by {} × its standard deviation",
    "unit": "times {}",
    "unseen": "a category never seen, in {}",
    "cells": "empty cells, a share of {}",
    "column": "empty in {}",
}
"""How a change of a table is said, by its kind, around its level."""


def change_name(change: Mapping[str, Any]) -> Text:
    """`age: moved by 0.5 × its standard deviation`, `pixelate, severity 5`, `swap, 0.1 of words`."""
    kind, level = change["kind"], change["level"]
    said = plain(level) if isinstance(level, int | float) else level
    words = _SPELLED[kind].format(said) if kind in _SPELLED else f"{title(kind)} {said}"
    return (Name(change["on"]), ": ", words) if "on" in change else words


def overview_rows(name: str, held: Mapping[str, Any]) -> list[Row]:
    """The head of a family and its three rows on one axis."""
    unit, numbers = _UNITS[held["measure"]], [held[key] for key in ("clean", "mean", "worst")]
    scale = _scale(numbers, unit)
    worst: list[Inline] = ["Worst: "]
    said = change_name(held["worst_change"])
    worst += list(said) if isinstance(said, tuple) else [said]
    labels: tuple[Text, ...] = ("Unharmed", f"Mean of {len(held['changes'])} changes", tuple(worst))
    rows = [Row((f"{title(name)}: {title(held['measure']).lower()}", scale), "group")]
    for label, number, kind in zip(labels, numbers, ("soft", "strong", "strong"), strict=True):
        strip = Strip(number, scale, hollow=kind == "soft")
        rows.append(Row((label, Count(number["n"]), Measure(number, unit, held["mean"]), strip), kind))
    return rows


def every_change(name: str, held: Mapping[str, Any]) -> list[Block]:
    """Corruptions as a heat table with their picture; other families as a list, the worst first."""
    if name == "corruption" and held["measure"] == "accuracy":
        return _corruptions(held)
    low_is_bad = held["measure"] == "accuracy"
    ranked = sorted(held["changes"], key=lambda c: c["result"]["value"] * (1 if low_is_bad else -1))
    unit = _UNITS[held["measure"]]
    scale = _scale([held["clean"], *(change["result"] for change in ranked)], unit)
    rows = [
        Row((change_name(c), Count(c["result"]["n"]), Measure(c["result"], unit), Strip(c["result"], scale)))
        for c in ranked[:LONGEST]
    ]
    columns = (Column("Change"), Column("n", "number"), Column("Value, 95% interval", "number"),
               Column("", "chart", scale))  # fmt: skip
    caption = f"{title(name)}: {title(held['measure']).lower()} after each change, the worst first"
    blocks: list[Block] = [Table(caption=caption, columns=columns, rows=tuple(rows[:_WORST_SHOWN]))]
    if rows[_WORST_SHOWN:]:
        rest = Table(
            caption=f"{title(name)}: further changes", columns=columns, rows=tuple(rows[_WORST_SHOWN:])
        )
        blocks.append(Fold(f"{len(rows) - _WORST_SHOWN} more changes", (rest,)))
    return blocks


def calibration_after(families: Mapping[str, Mapping[str, Any]]) -> list[Block]:
    """Expected calibration error of unharmed rows and of changed ones."""
    rows = []
    for name, held in families.items():
        for entry in held.get("calibration", ()):
            level = f", severity {entry['level']}" if "level" in entry else ""
            numbers = [Measure(entry[key], "share") for key in ("clean", "changed")]
            rows.append(Row((title(name) + level, Count(entry["changed"]["n"]), *numbers)))
    if not rows:
        return []
    columns = (
        Column("Changes"),
        Column("n", "number"),
        Column("Unharmed", "number"),
        Column("Changed", "number"),
    )
    caption = "Expected calibration error after changes: each row went through one of them, in turn"
    return [Table(caption=caption, columns=columns, rows=tuple(rows))]


def _corruptions(held: Mapping[str, Any]) -> list[Block]:
    levels = list(dict.fromkeys(change["level"] for change in held["changes"]))
    kinds: dict[str, dict[Any, Mapping[str, Any]]] = {}
    for change in held["changes"]:
        kinds.setdefault(change["kind"], {})[change["level"]] = change["result"]
    ratios = held.get("error_ratios", {})
    rows = []
    for kind, results in kinds.items():
        cells: list[Cell] = [title(kind)]
        if ratios:
            cells.append(plain(ratios[kind], 3) if kind in ratios else "")
        cells += [_shade(results.get(level)) for level in levels]
        rows.append(Row(tuple(cells)))
    columns = [Column("Corruption"), *([Column("Errors ÷ reference", "number")] if ratios else [])]
    columns += [Column(f"Severity {level}", "number") for level in levels]
    heat = Table(
        caption="Corruptions: correct decisions in per cent; the darker, the more mistakes",
        columns=tuple(columns), rows=tuple(rows),
    )  # fmt: skip
    blocks: list[Block] = [heat]
    if "picture" in held:
        seen = "One test image as it is, then under each corruption at severity 3, in the order of the table"
        blocks.append(Gallery((Picture(held["picture"], seen, seen),)))
    return [*blocks, Fold("Corruptions with their intervals", (_intervals(held["changes"]),))]


def _intervals(changes: Sequence[Mapping[str, Any]]) -> Table:
    columns = (Column("Change"), Column("n", "number"), Column("Accuracy, 95% interval", "number"))
    rows = [
        Row(
            (
                f"{title(c['kind'])}, severity {c['level']}",
                Count(c["result"]["n"]),
                Measure(c["result"], "share"),
            )
        )
        for c in changes
    ]
    return Table(caption="Accuracy under each corruption", columns=columns, rows=tuple(rows))


def _shade(number: Mapping[str, Any] | None) -> Cell:
    return "" if number is None else Shade(round(100 * number["value"]), 1 - number["value"], False)


def _scale(numbers: Sequence[Mapping[str, Any]], unit: str) -> Scale:
    ends = [number[key] for number in numbers for key in ("low", "value", "high")]
    return scale_over(ends, include=() if unit == "share" else (0.0,))
