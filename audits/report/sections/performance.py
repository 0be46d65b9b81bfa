"""How good: every metric beside the baselines that were fitted on the same rows."""

from collections.abc import Mapping
from typing import Any

from ..charts.scale import scale_over
from ..document import (
    Block,
    Column,
    Count,
    Fold,
    Heading,
    Measure,
    Name,
    Prose,
    Row,
    Section,
    Shade,
    Strip,
    Table,
)
from ..figures import count
from ..metrics import describe, in_order
from .absence import not_measured
from .episodes import episodes
from .sheet import LONGEST, sheet, title
from .slices import metric_names, metric_scale, slice_table

__all__ = ["LEADING", "leading_metric", "performance"]

LEADING = (
    "accuracy",
    "auroc",
    "balanced_accuracy",
    "macro_f1",
    "mean_absolute_error",
    "root_mean_squared_error",
    "r2",
)
"""Which metrics come first and open; the others are folded."""

_OPEN = 3
_LARGE_MATRIX = 12
_THIS = "This model"


def leading_metric(report: Mapping[str, Any]) -> str | None:
    """The metric of the first screen: the first that the policy limits, else the first of `LEADING`."""
    measured = report.get("performance", {}).get("metrics", {})
    asked = [check["metric"] for check in report.get("policy", {}).get("checks", []) if not check.get("over")]
    return next((name for name in (*asked, *LEADING, *measured) if name in measured), None)


def performance(report: Mapping[str, Any]) -> Section:
    """Metrics against baselines, then classes and the confusion matrix."""
    found = report.get("performance")
    if found is None:
        return Section("performance", "Performance", (not_measured(report, "/performance"),))
    if "episodes" in found:
        return Section("performance", "Performance", tuple(episodes(report, found)))
    names = in_order(found["metrics"], LEADING)
    blocks: list[Block] = [Prose(_opening(found)), _table(found, names[:_OPEN], "Performance and baselines")]
    if names[_OPEN:]:
        blocks.append(_fold(found, names[_OPEN:]))
    blocks += _paired(found, names)
    if "confusion" in found:
        blocks += _confusion(found["confusion"])
    if "by_class" in found:
        blocks.append(Heading("By class"))
        classes = {
            name: {"n": held["n"], "metrics": _numbers(held)} for name, held in found["by_class"].items()
        }
        for index, name in enumerate(in_order(metric_names(classes))):
            table = slice_table(report, classes, name, "/performance/by_class", "Class", (" by class",))
            blocks.append(table if index == 0 else Fold(f"{describe(name).title} by class", (table,)))
    if found.get("settings"):
        blocks.append(Fold("How it was measured", tuple(sheet(found["settings"]))))
    return Section("performance", "Performance", tuple(blocks))


def _numbers(held: Mapping[str, Any]) -> dict[str, Any]:
    return {name: number for name, number in held.items() if name != "n"}


def _opening(found: Mapping[str, Any]) -> str:
    beside = (
        f" beside {len(found['baselines'])} baselines fitted on the same training rows"
        if found.get("baselines")
        else ""
    )
    return (
        f"Measured on the {count(found['n'])} rows of the {found['split']} split{beside}. The intervals say"
        " what another sample of such rows would change; they don't say how a model that is trained again "
        "would differ."
    )


def _fold(found: Mapping[str, Any], names: list[str]) -> Fold:
    listed = ", ".join(describe(name).title for name in names)
    return Fold(
        f"{len(names)} more metrics: {listed}", (_table(found, names, "Further metrics and baselines"),)
    )


def _table(found: Mapping[str, Any], names: list[str], caption: str) -> Table:
    rows: list[Row] = []
    baselines = found.get("baselines", {})
    for name in names:
        numbers = {_THIS: found["metrics"][name]}
        numbers |= {
            title(key): held["metrics"][name] for key, held in baselines.items() if name in held["metrics"]
        }
        scale = metric_scale(list(numbers.values()))
        unit = describe(name).unit
        rows.append(Row((_with_direction(name), scale), "group"))
        for who, number in numbers.items():
            ours = who == _THIS
            n = Count(number.get("n", found["n"]))
            cells = (
                who if ours else (Name(who),),
                n,
                Measure(number, unit, found["metrics"][name]),
                Strip(number, scale, hollow=not ours),
            )
            rows.append(Row(cells, "strong" if ours else ""))
    columns = (
        Column("Model"),
        Column("n", "number"),
        Column("Value, 95% interval", "number"),
        Column("", "chart"),
    )
    return Table(caption=caption, columns=columns, rows=tuple(rows))


def _paired(found: Mapping[str, Any], names: list[str]) -> list[Block]:
    """This model minus each baseline on the same rows, where that was measured."""
    rows: list[Row] = []
    for name in names:
        against = {
            key: held["difference"][name]
            for key, held in found.get("baselines", {}).items()
            if name in held.get("difference", {})
        }
        if not against:
            continue
        scale = scale_over(
            (n[end] for n in against.values() for end in ("low", "value", "high")), include=(0.0,)
        )
        rows.append(Row((_with_direction(name), scale), "group"))
        for key, number in against.items():
            measured = Measure(number, describe(name).unit)
            n = Count(number.get("n", found["n"]))
            rows.append(Row((("Minus ", Name(title(key).lower())), n, measured, Strip(number, scale))))
    columns = (
        Column("This model"),
        Column("n", "number"),
        Column("Value, 95% interval", "number"),
        Column("", "chart"),
    )
    table = Table(caption="This model minus each baseline, paired by row", columns=columns, rows=tuple(rows))
    return [Fold("Differences from the baselines, paired by row", (table,))] if rows else []


def _with_direction(name: str) -> str:
    metric = describe(name)
    return metric.title if metric.better == "neither" else f"{metric.title} ({metric.better} is better)"


def _confusion(matrix: Mapping[str, Any]) -> list[Block]:
    labels = matrix["classes"]
    if len(labels) > LONGEST:
        return [Prose(f"The confusion matrix has {len(labels)} classes: see report.json.")]
    columns = (Column("True class"), *(Column((Name(label),), "number") for label in labels))
    rows = []
    for index, (label, counts) in enumerate(zip(labels, matrix["counts"], strict=True)):
        whole = sum(counts) or 1
        cells = tuple(Shade(n, n / whole, place == index) for place, n in enumerate(counts))
        rows.append(Row(((Name(label),), *cells)))
    table = Table(
        caption="Rows by true class (down) and decision (across)", columns=columns, rows=tuple(rows)
    )
    if len(labels) > _LARGE_MATRIX:
        return [Heading("Confusion matrix"), Fold(f"{len(labels)} × {len(labels)} classes", (table,))]
    return [Heading("Confusion matrix"), table]
