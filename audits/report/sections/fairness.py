"""How fair: gaps against limits, then every group and intersection, metric by metric."""

from collections.abc import Mapping
from typing import Any

from ...findings import pointer
from ..charts.scale import scale_over
from ..document import Block, Column, Fold, Heading, Inline, Name, Prose, Row, Section, Table
from ..metrics import describe, in_order
from .absence import not_measured
from .sheet import sheet
from .slices import gap_row, metric_names, slice_table

__all__ = ["fairness"]

_LEADING = (
    "selection_rate",
    "true_positive_rate",
    "false_positive_rate",
    "mean_error",
    "mean_absolute_error",
    "accuracy",
    "demographic_parity_difference",
    "equalized_odds_difference",
    "demographic_parity_ratio",
    "equalized_odds_ratio",
)
"""Which rates, gaps and ratios come first; rates beyond `_OPEN` are folded."""

_OPEN = 2


def fairness(report: Mapping[str, Any]) -> Section:
    """Attributes one by one, then their intersections."""
    found = report.get("fairness")
    if found is None:
        return Section("fairness", "Fairness", (not_measured(report, "/fairness"),))
    opening = (
        "Rates by group, and the largest gap between two of them. A gap's interval is simultaneous: it "
        "holds for all pairs of groups at once. Equal rates don't make decisions right; read them beside "
        "the error rates. Groups marked small are shown, left out of gaps, and never pass a gate."
    )
    blocks: list[Block] = [Prose(opening)]
    for kind in ("attributes", "intersections"):
        for name, held in _as_declared(report, found.get(kind, {})):
            blocks.append(Heading(("By ", Name(name))))
            blocks += _attribute(
                report, name, held, f"/fairness/{kind}" + pointer(name), _OPEN if kind == "attributes" else 1
            )
    if found.get("settings"):
        blocks.append(Fold("How it was measured", tuple(sheet(found["settings"]))))
    return Section("fairness", "Fairness", tuple(blocks))


def _as_declared(report: Mapping[str, Any], kinds: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Attributes in the order in which the spec names them; intersections as they are."""
    order = {name: place for place, name in enumerate(report["data"].get("sensitive", ()))}
    return sorted(kinds.items(), key=lambda item: order.get(item[0], len(order)))


def _attribute(
    report: Mapping[str, Any], name: str, held: Mapping[str, Any], place: str, opened: int
) -> list[Block]:
    blocks: list[Block] = list(_gaps(report, name, held, place))
    names = in_order(metric_names(held["groups"]), _LEADING)
    of: tuple[Inline, ...] = (" by ", Name(name))
    tables = [slice_table(report, held["groups"], metric, f"{place}/groups", "Group", of) for metric in names]
    blocks += tables[:opened]
    if tables[opened:]:
        listed = ", ".join(describe(metric).title for metric in names[opened:])
        blocks.append(
            Fold((f"{len(tables) - opened} more by ", Name(name), f": {listed}"), tuple(tables[opened:]))
        )
    classes = dict.fromkeys(of for group in held["groups"].values() for of in group.get("by_class", ()))
    blocks += [_class(report, name, of, held["groups"], place) for of in classes]
    return blocks


def _class(report: Mapping[str, Any], name: str, of: str, groups: Mapping[str, Any], place: str) -> Fold:
    """Rates of one class against the rest, over the groups."""
    slices = {
        key: {**group, "metrics": group.get("by_class", {}).get(of, {})} for key, group in groups.items()
    }
    said: tuple[Inline, ...] = (" of class ", Name(of), " by ", Name(name))
    tables = [
        slice_table(report, slices, metric, f"{place}/groups", "Group", said)
        for metric in in_order(metric_names(slices), _LEADING)
    ]
    return Fold(("Class ", Name(of), " against the rest, by ", Name(name)), tuple(tables))


def _gaps(report: Mapping[str, Any], name: str, held: Mapping[str, Any], place: str) -> list[Table]:
    """Differences and ratios, two tables, because 0 is parity in one and 1 in the other."""
    tables = []
    for kind, caption, parity in (("differences", "Gaps over ", 0.0), ("ratios", "Ratios over ", 1.0)):
        numbers = {metric: held[kind][metric] for metric in in_order(held.get(kind, {}), _LEADING)}
        if not numbers:
            continue
        rows: list[Row] = []
        for group in _by_unit(numbers):
            ends = [number[key] for number in group.values() for key in ("low", "value", "high")]
            limits = {metric: _limit(report, metric, name) for metric in group}
            scale = scale_over(
                ends, include=(parity, *(1.15 * v for limit in limits.values() for v in limit.values()))
            )
            for metric, number in group.items():
                known = describe(metric)
                rows.append(gap_row((known.title,), number, known.unit, scale, limits[metric]))
        columns = (
            Column("Gap" if kind == "differences" else "Ratio"),
            Column("Between"),
            Column("n", "number"),
            Column("Value, 95% interval", "number"),
            Column("", "chart", scale if len(_by_unit(numbers)) == 1 else None),
        )
        tables.append(Table(caption=(caption, Name(name)), columns=columns, rows=tuple(rows)))
    return tables


def _by_unit(numbers: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Metrics that can share an axis, together."""
    units: dict[str, dict[str, Any]] = {}
    for metric, number in numbers.items():
        unit = describe(metric).unit
        units.setdefault(metric if unit == "plain" else unit, {})[metric] = number
    return list(units.values())


def _limit(report: Mapping[str, Any], metric: str, name: str) -> dict[str, float]:
    """The policy's limit on this gap, drawn beside it."""
    for check in report.get("policy", {}).get("checks", []):
        over = check.get("over") or ()
        asked = over if isinstance(over, str) else " × ".join(over)
        if check["metric"] == metric and asked == name:
            return check["limit"]
    return {}
