"""How the model holds up: unharmed against changed rows first, then each test, then what none can tell."""

from collections.abc import Mapping
from typing import Any

from ...findings import pointer
from ..document import Block, Column, Count, Fold, Heading, Listing, Measure, Name, Prose, Row, Section, Table
from ..metrics import describe
from .absence import not_measured
from .attacks import adversarial, attack_rows, foreign_rows
from .changed_rows import calibration_after, every_change, overview_rows
from .prediction_sets import abstention, conformal
from .sheet import sheet, title
from .slices import slice_table

__all__ = ["robustness"]

_BY_GROUP = (
    "corruption_accuracy",
    "column_shift_accuracy",
    "missing_value_accuracy",
    "typo_accuracy",
    "adversarial_accuracy",
    "corruption_error",
    "column_shift_error",
    "missing_value_error",
    "typo_error",
)
_OPENING = (
    "What becomes of accuracy when the same test rows are changed and their true labels are not. A mean is "
    "over changes and rows; the worst is the change that hurts most, its lower bound that of the change "
    "which is truly worst. All changes are made here: how often they occur in use, nobody has measured."
)


def robustness(report: Mapping[str, Any]) -> Section:
    """Strips of every family, groups, prediction sets, abstention, calibration, foreign rows."""
    found = report.get("robustness")
    if found is None:
        return Section("robustness", "Robustness", (not_measured(report, "/robustness"),))
    families = found.get("families", {})
    blocks: list[Block] = _overview(found) + _groups(report, found)
    for name, held in families.items():
        blocks += [Heading(title(name)), *every_change(name, held)]
    blocks += adversarial(report, found)
    blocks += conformal(report, found) + abstention(report, found)
    blocks += _calibration(found)
    blocks += foreign_rows(report, found)
    if found.get("cannot_say"):
        lines = tuple(
            (f"{title(name)}: ", Name(said, whole=True)) for name, said in found["cannot_say"].items()
        )
        blocks += [Heading("What these tests cannot tell"), Listing(lines)]
    if found.get("settings"):
        blocks.append(Fold("How it was measured", tuple(sheet(found["settings"]))))
    return Section("robustness", "Robustness", tuple(blocks))


def _overview(found: Mapping[str, Any]) -> list[Block]:
    rows = [row for name, held in found.get("families", {}).items() for row in overview_rows(name, held)]
    if "adversarial" in found:
        rows += attack_rows(found["adversarial"])
    if not rows:
        return []
    columns = (
        Column("Rows"),
        Column("n", "number"),
        Column("Value, 95% interval", "number"),
        Column("", "chart"),
    )
    return [Prose(_OPENING), Table(caption="Unharmed and changed rows", columns=columns, rows=tuple(rows))]


def _groups(report: Mapping[str, Any], found: Mapping[str, Any]) -> list[Block]:
    """Accuracy on changed rows by group: open the first metric of each column, fold the others."""
    blocks: list[Block] = []
    for column, groups in found.get("groups", {}).items():
        present = [n for n in _BY_GROUP if any(n in held["metrics"] for held in groups.values())]
        of = (" by ", Name(column))
        place = "/robustness/groups" + pointer(column)
        tables = [slice_table(report, groups, name, place, "Group", of) for name in present]
        blocks += tables[:1]
        if tables[1:]:
            listed = ", ".join(describe(name).title for name in present[1:])
            blocks.append(
                Fold((f"{len(tables) - 1} more by ", Name(column), f": {listed}"), tuple(tables[1:]))
            )
    return blocks


def _calibration(found: Mapping[str, Any]) -> list[Block]:
    """Temperature scaling as a remedy, and what is left of it on changed rows."""
    blocks = calibration_after(found.get("families", {}))
    held = found.get("recalibration")
    if held is not None:
        rows = [Row(("All rows", Count(held["after"]["n"]), *_before_after(held)), "strong")]
        rows += [
            Row(((Name(column), ": ", Name(name)), Count(group["n"]), *_before_after(group)))
            for column, groups in held.get("groups", {}).items()
            for name, group in groups.items()
        ]
        columns = (
            Column("Rows"),
            Column("n", "number"),
            Column("Before", "number"),
            Column("After", "number"),
        )
        caption = "Expected calibration error before and after temperature scaling"
        blocks.insert(0, Table(caption=caption, columns=columns, rows=tuple(rows)))
    return [Heading("Honest scores"), *blocks] if blocks else []


def _before_after(held: Mapping[str, Any]) -> list[Any]:
    return [Measure(held[when], "share") if when in held else "" for when in ("before", "after")]
