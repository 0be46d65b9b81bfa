"""Groups of rows side by side, one metric a table: the drawing stands in the row of its numbers."""

from collections.abc import Mapping
from typing import Any

from ...findings import pointer
from ..charts.scale import Scale, scale_over
from ..document import Column, Count, Inline, Measure, Name, Row, Strip, Table
from ..figures import share_of
from ..metrics import describe
from .absence import measure_or_reason
from .sheet import LONGEST

__all__ = ["gap_row", "metric_names", "metric_scale", "slice_table"]


def metric_names(slices: Mapping[str, Any]) -> list[str]:
    """Metrics that at least one slice has, in the order in which they appear."""
    return list(dict.fromkeys(name for held in slices.values() for name in held.get("metrics", ())))


def metric_scale(numbers: list[Mapping[str, Any]]) -> Scale:
    """An axis for one metric over groups or models; it starts at 0 where the numbers come near enough."""
    ends = [
        number[key] for number in numbers for key in ("value", "low", "high") if number.get(key) is not None
    ]
    near = bool(ends) and 0 <= min(ends) < max(ends) / 2
    return scale_over(ends, include=(0.0,) if near else ())


def slice_table(
    report: Mapping[str, Any],
    slices: Mapping[str, Any],
    metric: str,
    place: str,
    head: str,
    of: tuple[Inline, ...] = (),
) -> Table:
    """One metric over groups: n, value with interval, strip; small groups are set back.

    Args:
        report: the whole report, for the reasons of absent numbers.
        slices: name to slice.
        metric: key in the slices' metrics.
        place: JSON pointer of `slices`.
        head: title of the first column.
        of: what the caption adds after the metric's title.
    """
    shown = dict(list(slices.items())[:LONGEST])
    numbers = [held["metrics"][metric] for held in shown.values() if metric in held.get("metrics", ())]
    scale = metric_scale(numbers)
    rows = []
    for name, held in shown.items():
        metrics = held.get("metrics", {})
        number = metrics.get(metric)
        inside = place + pointer(name, "metrics")
        rows.append(
            Row(
                (
                    (Name(name), " (small)") if held.get("small") else (Name(name),),
                    Count(number["n"] if number and "n" in number else held["n"]),
                    measure_or_reason(report, metrics, metric, inside),
                    Strip(number, scale, hollow=bool(held.get("small"))) if number else "",
                ),
                "soft" if held.get("small") else "",
            )
        )
    more = len(slices) - len(shown)
    caption: tuple[Inline, ...] = (describe(metric).title, *of)
    caption += (f"; {more} more groups in report.json",) if more > 0 else ()
    columns = (
        Column(head),
        Column("n", "number"),
        Column("Value, 95% interval", "number"),
        Column("", "chart", scale),
    )
    return Table(caption=caption, columns=columns, rows=tuple(rows))


def gap_row(title: tuple[Inline, ...], number: Mapping[str, Any], unit: Any, scale: Scale, limit: Any) -> Row:
    """One gap between two groups."""
    between: tuple[Inline, ...] = ()
    if "between" in number:
        between = (Name(number["between"][0]), " and ", Name(number["between"][1]))
    if "stability" in number:
        between += (f", in {share_of(number['stability'], 1.0)} of resamples",)
    if number.get("excluded"):
        between += ("; without ", Name(", ".join(number["excluded"])))
    n = Count(number["n"]) if "n" in number else ""
    return Row((title, between, n, Measure(number, unit), Strip(number, scale, limit)))
