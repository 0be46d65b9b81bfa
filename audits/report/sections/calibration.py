"""How honest the scores are."""

from collections.abc import Mapping
from typing import Any

from ...findings import pointer
from ..charts.reliability import reliability
from ..charts.scale import scale_over
from ..document import (
    Block,
    Column,
    Count,
    Facts,
    Figure,
    Fold,
    Heading,
    Inline,
    Measure,
    Name,
    Prose,
    Row,
    Section,
    Strip,
    Table,
)
from ..figures import bound, figure, plain
from ..metrics import describe
from .absence import not_measured
from .sheet import LONGEST, sheet
from .slices import metric_names, slice_table

__all__ = ["calibration"]

_OPENING = (
    "A score of 0.7 should come true seven times in ten. Each dot is a bin of scores; the dotted diagonal is "
    "perfect calibration. With more than two classes the score is that of the decided class."
)


def calibration(report: Mapping[str, Any]) -> Section:
    """Reliability diagram with its bins, errors overall and by group."""
    found = report.get("calibration")
    if found is None:
        return Section("calibration", "Calibration", (not_measured(report, "/calibration"),))
    blocks: list[Block] = [Prose(_OPENING)]
    if found["metrics"]:
        blocks.append(_metrics(found["metrics"]))
    bins = [held for held in found.get("bins", []) if held["n"]]
    if bins:
        blocks += [
            Figure(reliability(bins), "Reliability diagram"),
            Fold(f"The {len(bins)} bins in numbers", (_bins(bins),)),
        ]
    if "temperature" in found:
        blocks.append(Facts((("Temperature, fitted on the validation split", plain(found["temperature"])),)))
    for attribute, groups in found.get("groups", {}).items():
        blocks.append(Heading(("By ", Name(attribute))))
        place = "/calibration/groups" + pointer(attribute)
        for index, metric in enumerate(metric_names(groups)):
            table = slice_table(report, groups, metric, place, "Group", (" by ", Name(attribute)))
            blocks.append(
                table if index == 0 else Fold((f"{describe(metric).title} by ", Name(attribute)), (table,))
            )
        blocks += _spread(groups, attribute)
    if found.get("settings"):
        blocks.append(Fold("How it was measured", tuple(sheet(found["settings"]))))
    return Section("calibration", "Calibration", tuple(blocks))


def _spread(groups: Mapping[str, Any], attribute: str) -> list[Block]:
    """Where each group's scores lie: quantiles in numbers, and drawn."""
    held = {name: of["scores"]["quantiles"] for name, of in groups.items() if "scores" in of}
    if not held:
        return []
    scale = scale_over((0.0, 1.0))
    rows = []
    for name, quantiles in list(held.items())[:LONGEST]:
        drawn = {"value": quantiles["0.5"], "low": quantiles["0.05"], "high": quantiles["0.95"]}
        numbers = [figure({"value": value}, "share") for value in quantiles.values()]
        rows.append(Row(((Name(name),), *numbers, Strip(drawn, scale))))
    quantiles = next(iter(held.values()))
    columns = (
        Column("Group"),
        *(Column(f"{float(share):.0%}", "number") for share in quantiles),
        Column("", "chart", scale),
    )
    caption: tuple[Inline, ...] = (
        "Scores by ",
        Name(attribute),
        ": quantiles; drawn: the median and 90% of rows",
    )
    more = len(held) - len(rows)
    caption += (f"; {more} more groups in report.json",) if more > 0 else ()
    return [
        Fold(("Scores by ", Name(attribute)), (Table(caption=caption, columns=columns, rows=tuple(rows)),))
    ]


def _metrics(numbers: Mapping[str, Any]) -> Table:
    rows = []
    for name, number in numbers.items():
        unit = describe(name).unit
        n = Count(number["n"]) if "n" in number else ""
        chance = figure({"value": number["noise"]}, unit, number) if "noise" in number else ""
        rows.append(Row((describe(name).title, n, Measure(number, unit), chance)))
    columns = (
        Column("Metric"),
        Column("n", "number"),
        Column("Value, 95% interval", "number"),
        Column("By chance alone", "number"),
    )
    kept = 4 if any("noise" in number for number in numbers.values()) else 3
    cut = tuple(Row(row.cells[:kept]) for row in rows)
    return Table(caption="Calibration", columns=columns[:kept], rows=cut)


def _bins(bins: list[Mapping[str, Any]]) -> Table:
    columns = (
        Column("Scores from – to"),
        Column("n", "number"),
        Column("Mean score", "number"),
        Column("Observed share, 95% interval", "number"),
    )
    rows = []
    for held in bins:
        ends = f"{bound(held['low'], 'share')} – {bound(held['high'], 'share')}"
        mean = bound(held["mean_score"], "share") if "mean_score" in held else ""
        rate = Measure(held["rate"], "share") if "rate" in held else ""
        rows.append(Row((ends, Count(held["n"]), mean, rate)))
    return Table(caption="Bins of the reliability diagram", columns=columns, rows=tuple(rows))
