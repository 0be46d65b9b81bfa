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
from ..figures import bound, duration, plain, share_of
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
    blocks += _shares(stages)
    blocks += _elsewhere(found)
    if found.get("history"):
        blocks.append(_history(found["history"]))
    if found.get("settings"):
        blocks.append(Fold("How it was measured", tuple(sheet(found["settings"]))))
    return Section("energy", "Energy and carbon", tuple(blocks))


def _facts(report: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[tuple[Text, Cell], ...]:
    whole: Cell = (
        energy_cell(found["kwh"]) if "kwh" in found else measure_or_reason(report, {}, "kwh", "/carbon")
    )
    pairs: list[tuple[Text, Cell]] = [
        ("Energy", whole),
        ("CO₂ equivalent", measure_or_reason(report, found, "kg_co2e", "/carbon")),
        (
            "A thousand predictions",
            energy_cell(found["kwh_per_1000_predictions"])
            if "kwh_per_1000_predictions" in found
            else measure_or_reason(report, {}, "kwh_per_1000_predictions", "/carbon"),
        ),
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
    doubt = "; estimated from a model, no energy counter was read" if found.get("estimated") else ""
    pairs.append(("Method", (Name(found["method"]), doubt)))
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
        Column("Read by"),
    )
    rows = []
    for stage in stages:
        kwh = stage.get("kwh")
        share = "" if kwh is None else share_of(kwh_value(kwh), whole)
        time = duration(stage["seconds"]) if "seconds" in stage else ""
        how = "" if kwh is None else ("a model: estimated" if stage.get("estimated", True) else "a counter")
        rows.append(Row(((Name(stage["name"]),), time, energy_cell(kwh), share, how)))
    return Table(caption="Energy by stage", columns=columns, rows=tuple(rows))


def _shares(stages: Sequence[Mapping[str, Any]]) -> list[Block]:
    """Who used a stage's energy, where several workers or candidates did."""
    rows = [
        Row(((Name(stage["name"]),), (Name(part["name"]),), energy_cell(part["kwh"])))
        for stage in stages
        for part in stage.get("parts", ())
    ]
    if not rows:
        return []
    columns = (Column("Stage"), Column("Worker or candidate"), Column("Energy", "number"))
    return [Table(caption="Shared out by CPU time", columns=columns, rows=tuple(rows))]


def _elsewhere(found: Mapping[str, Any]) -> list[Block]:
    """The same work on other grids and processors, folded."""
    grids = [
        (grid["name"], str(grid["year"]), plain(grid["value"]), bound(grid["kg_co2e"], "kg"))
        for grid in found.get("grids", ())
    ]
    parts = [
        (part["name"], plain(part["watts"]), str(part["threads"]), bound(part["kwh"], "kwh"))
        for part in found.get("hardware", ())
    ]
    tables = (
        _numbers(
            "The same energy on other grids", ("Grid", "Year", "g CO₂e per kWh", "CO₂ equivalent"), grids
        ),
        _numbers(
            "The same processor time at other processors' rated watts, memory left out",
            ("Processor", "Watts", "Threads", "Energy"),
            parts,
        ),
    )
    shown = tuple(table for table in tables if table.rows)
    return [Fold("The same run on other grids and hardware", shown)] if shown else []


def _numbers(caption: str, heads: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Table:
    """A table of a name and numbers behind it."""
    first, *others = heads
    return Table(
        caption=caption,
        columns=(Column(first), *(Column(head, "number") for head in others)),
        rows=tuple(Row(((Name(name),), *numbers)) for name, *numbers in rows),
    )


def _history(versions: Sequence[Mapping[str, Any]]) -> Table:
    """What the model's versions cost so far, each artifact counted once."""
    rows = tuple(
        Row((str(one["version"]), str(one.get("artifacts", "")), energy_cell(one.get("kwh"))))
        for one in versions
    )
    columns = (Column("Version"), Column("Artifacts it added", "number"), Column("Energy", "number"))
    return Table(caption="Energy of every version so far", columns=columns, rows=rows)
