"""What it cost: energy by stage, and what that stands for on the grid."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..charts.stages import stage_bar
from ..document import (
    Absent,
    Block,
    Cell,
    Column,
    Facts,
    Figure,
    Fold,
    Listing,
    Name,
    Prose,
    Row,
    Section,
    Table,
    Text,
)
from ..figures import duration, plain, share_of
from ..taming import tame
from .absence import measure_or_reason, not_measured
from .sheet import sheet
from .training import energy_cell

__all__ = ["carbon", "kwh_value"]


def kwh_value(kwh: Any) -> float:
    """The point value of a reading: a number, or a measured number."""
    return kwh["value"] if isinstance(kwh, Mapping) else kwh


def carbon(report: Mapping[str, Any]) -> Section:
    """Total, intensity, stages."""
    found = report.get("carbon")
    if found is None:
        return Section("energy", "Energy and carbon", (not_measured(report, "/carbon"),))
    blocks: list[Block] = [Facts(_facts(report, found))]
    stages = found.get("stages", [])
    drawn = [
        (tame(stage["name"]), kwh_value(stage["kwh"])) for stage in stages if stage.get("kwh") is not None
    ]
    if sum(amount for _, amount in drawn):
        blocks.append(Figure(stage_bar(drawn), "Energy by stage, in the order of the run"))
    if stages:
        blocks.append(_table(stages))
    flags = [((Name(stage["name"]), ": ", Name(flag))) for stage in stages for flag in stage.get("flags", ())]
    if flags:
        blocks += [Prose("Readings to doubt:"), Listing(tuple(flags))]
    if found.get("settings"):
        blocks.append(
            Fold(
                "How it was measured, and the same run on other grids",
                tuple(sheet(found["settings"])),
            )
        )
    return Section("energy", "Energy and carbon", tuple(blocks))


def _facts(report: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[tuple[Text, Cell], ...]:
    whole: Cell = (
        energy_cell(found["kwh"]) if "kwh" in found else measure_or_reason(report, {}, "kwh", "/carbon")
    )
    pairs: list[tuple[Text, Cell]] = [
        ("Energy", whole),
        ("CO₂ equivalent", measure_or_reason(report, found, "kg_co2e", "/carbon")),
    ]
    grid = found.get("intensity")
    if grid:
        pairs.append(("Grid intensity", f"{plain(grid['value'])} {grid['unit'].replace('CO2e', 'CO₂e')}"))
        pairs.append(
            (
                "Its source",
                (
                    Name(grid["source"]),
                    "; assumed, no country was declared" if grid["assumed"] else "; declared",
                ),
            )
        )
        if "range" in grid:
            low, high = grid["range"]
            pairs.append(("Range over grids", f"{plain(low)} – {plain(high)}"))
    pairs.append(("Method", (Name(found["method"]),)))
    pairs.append(
        (
            "Complete",
            "yes: every stage was read" if found["complete"] else Absent("no: see the readings to doubt"),
        )
    )
    return tuple(pairs)


def _table(stages: Sequence[Mapping[str, Any]]) -> Table:
    whole = sum(kwh_value(stage["kwh"]) for stage in stages if stage.get("kwh") is not None)
    columns = (
        Column("Stage"),
        Column("Time", "number"),
        Column("Energy", "number"),
        Column("Share", "number"),
    )
    rows = []
    for stage in stages:
        kwh = stage.get("kwh")
        share = "" if kwh is None else share_of(kwh_value(kwh), whole)
        time = duration(stage["seconds"]) if "seconds" in stage else ""
        rows.append(Row(((Name(stage["name"]),), time, energy_cell(kwh), share)))
    return Table(caption="Energy by stage", columns=columns, rows=tuple(rows))
