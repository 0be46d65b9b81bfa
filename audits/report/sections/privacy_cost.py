"""What privacy cost: beside the same model without it, group by group, and at other epsilons."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..charts.privacy_curve import privacy_curve
from ..charts.scale import scale_over
from ..document import (
    Block,
    Column,
    Count,
    Figure,
    Fold,
    Heading,
    Inline,
    Measure,
    Name,
    Prose,
    Row,
    Strip,
    Table,
)
from ..figures import figure, interval
from ..metrics import describe, in_order
from .absence import reason
from .performance import LEADING
from .privacy_loss import epsilon
from .sheet import LONGEST

__all__ = ["cost", "curve"]

_OPEN = 3


def cost(report: Mapping[str, Any], found: Mapping[str, Any]) -> list[Block]:
    """Every metric with and without privacy, and each group's loss of accuracy."""
    held = found.get("cost")
    if held is None:
        why = reason(report, "/privacy/cost")
        return [Heading("What privacy cost"), Prose((Name(why, whole=True),))] if why else []
    opening = (
        "The same network on the same split, trained without privacy beside it; differences are paired by "
        "row. They speak of these two models: another seed or other noise would move both. Privacy often "
        "costs small groups most, whose rows weigh little in a noisy sum (Bagdasaryan et al. 2019)."
    )
    blocks: list[Block] = [Heading("What privacy cost"), Prose(opening), *_metrics(held["metrics"])]
    for column, groups in held.get("groups", {}).items():
        blocks += [_groups(column, groups, held["metric"]), *_gaps(column, held)]
    return blocks


def _metrics(metrics: Mapping[str, Any]) -> list[Block]:
    """Leading metrics open, the others folded."""
    columns = (
        Column("Metric"),
        Column("Without privacy", "number"),
        Column("With privacy", "number"),
        Column("With minus without", "number"),
    )
    rows = []
    for name in in_order(metrics, LEADING):
        numbers = (
            Measure(metrics[name][key], describe(name).unit) for key in ("plain", "private", "difference")
        )
        rows.append(Row((describe(name).title, *numbers)))
    caption = "With and without privacy, 95% intervals"
    blocks: list[Block] = [Table(caption=caption, columns=columns, rows=tuple(rows[:_OPEN]))]
    if rows[_OPEN:]:
        further = Table(caption="Further metrics", columns=columns, rows=tuple(rows[_OPEN:]))
        blocks.append(Fold(f"{len(rows) - _OPEN} more metrics with and without privacy", (further,)))
    return blocks


def _groups(column: str, groups: Mapping[str, Any], metric: str) -> Table:
    """What each group paid, on one axis with zero on it."""
    shown, unit = dict(list(groups.items())[:LONGEST]), describe(metric).unit
    ends = [group["cost"][end] for group in shown.values() for end in ("low", "value", "high")]
    scale = scale_over(ends, include=(0.0,))
    rows = []
    for name, group in shown.items():
        small = bool(group.get("small"))
        numbers = (Measure(group[key], unit) for key in ("plain", "private", "cost"))
        label: tuple[Inline, ...] = (Name(name), " (small)") if small else (Name(name),)
        drawn = Strip(group["cost"], scale, bound=0.0, hollow=small)
        rows.append(Row((label, Count(group["n"]), *numbers, drawn), "soft" if small else ""))
    columns = (
        Column("Group"),
        Column("n", "number"),
        Column("Without privacy", "number"),
        Column("With privacy", "number"),
        Column("Accuracy lost" if metric == "accuracy" else "Error added", "number"),
        Column("", "chart", scale),
    )
    more = len(groups) - len(shown)
    caption: tuple[Inline, ...] = (
        f"{describe(metric).title}: what privacy cost by ",
        Name(column),
        "; the tick is no cost",
    )
    caption += (f"; {more} more groups in report.json",) if more > 0 else ()
    return Table(caption=caption, columns=columns, rows=tuple(rows))


def _gaps(column: str, held: Mapping[str, Any]) -> list[Block]:
    """Whether the gap between groups grew, and who paid most."""
    gaps = held.get("gaps", {}).get(column)
    if not gaps:
        return []
    unit = describe(held["metric"]).unit
    without, with_it, change, costs = (
        f"{figure(gaps[key], unit)} ({interval(gaps[key], unit)})"
        for key in ("plain", "private", "change", "of_costs")
    )
    most, least = gaps["of_costs"].get("between", ("", ""))
    said: tuple[Inline, ...] = (
        "Largest gap between two groups by ", Name(column), f": {without} without privacy, {with_it} with ",
        f"it, a change of {change}. Privacy cost ", Name(most), " most and ", Name(least),
        f" least, {costs} apart.",
    )  # fmt: skip
    left_out = gaps.get("excluded")
    if left_out:
        said += (" Too small to be compared: ", Name(", ".join(left_out)), ".")
    return [Prose(said, small=True)]


def curve(found: Mapping[str, Any]) -> list[Block]:
    """The leading metric drawn over epsilon; every metric in the table."""
    points = found.get("curve", [])
    if not points:
        return []
    names = in_order({name for point in points for name in point["metrics"]}, LEADING)
    own = _own(points, found)
    blocks: list[Block] = [Heading("Privacy against usefulness")]
    drawn = [(_named(point), point["metrics"][names[0]]) for point in points if names[0] in point["metrics"]]
    if len(drawn) == len(points) > 1:
        picture = privacy_curve(drawn, own=own, metric=describe(names[0]).title.lower())
        caption = (
            "One model each, same split and seed, 95% intervals; the filled dot is this model; evenly spaced"
        )
        blocks.append(Figure(picture, caption))
    blocks.append(_points(points, names[:_OPEN], own, "Metrics at each ε"))
    if names[_OPEN:]:
        parts = [names[start : start + _OPEN] for start in range(_OPEN, len(names), _OPEN)]
        tables = tuple(_points(points, part, own, "Further metrics at each ε") for part in parts)
        blocks.append(Fold(f"{len(names) - _OPEN} more metrics at each ε", tables))
    return blocks


def _points(points: Sequence[Mapping[str, Any]], names: Sequence[str], own: int, caption: str) -> Table:
    """A row an epsilon."""
    rows = []
    for index, point in enumerate(points):
        held, mine = point["metrics"], index == own
        numbers = (Measure(held[name], describe(name).unit) if name in held else "" for name in names)
        label = f"{_named(point)}, this model" if mine else _named(point)
        rows.append(Row((label, *numbers), "strong" if mine else ""))
    columns = (Column("ε"), *(Column(describe(name).title, "number") for name in names))
    return Table(caption=caption, columns=columns, rows=tuple(rows))


def _named(point: Mapping[str, Any]) -> str:
    return "none" if point["epsilon"] == "none" else epsilon(point["epsilon"])


def _own(points: Any, found: Mapping[str, Any]) -> int:
    """Which of the points is this model: the one with its epsilon, as claimed or as asked for."""
    held = found.get("claimed", {})
    mine = {held.get("epsilon"), held.get("epsilon_asked")} if held else {"none"}
    return next((index for index, point in enumerate(points) if point["epsilon"] in mine), -1)
