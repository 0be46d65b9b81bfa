"""What was done against bias: every candidate, what it costs and gains, and which one is the model."""

from collections.abc import Mapping
from typing import Any

from ....platform.mitigation.methods import CONSTRAINTS, METHODS
from ...findings import pointer
from ..charts.trade_off import trade_off
from ..document import Block, Cell, Column, Facts, Figure, Fold, Inline, Name, Prose, Row, Section, Table
from ..figures import bound, duration, figure, plain
from ..metrics import describe
from .absence import measure_or_reason, not_measured
from .sheet import title

__all__ = ["mitigation"]

_TITLE = "Mitigation"
_HOW_CHOSEN = (
    "The operating point was chosen by the validation rows alone, before any test row was read, so its test "
    "numbers are those of one model fixed beforehand. The others' intervals hold one by one: picking another "
    "candidate by its test numbers would be choosing on test rows."
)
_SAME_ROWS = (
    "The thresholds were computed on the validation rows themselves, so the gap there is smaller than "
    "elsewhere: the test rows say what is left."
)
_AT_PREDICTION = (
    "Every prediction needs the sensitive columns. Whether a decision may use them, or treat people of "
    "different groups by different rules, is a question of law and of the place, which no report answers."
)
_BY_CHANCE = (
    "Where a decision is mixed by chance, the draw is a keyed hash of the row's features: the same person "
    "gets the same answer each time, and two people with exactly the same features get the same draw."
)


def mitigation(report: Mapping[str, Any]) -> Section:
    """The trade-off curve, the table of candidates, and what the method can't do."""
    found = report.get("mitigation")
    if found is None:
        return Section("mitigation", _TITLE, (not_measured(report, "/mitigation"),))
    method = METHODS[found["method"]]
    over: tuple[Inline, ...] = (Name(" × ".join(found["over"])),)
    opening: tuple[Inline, ...] = (
        f"{title(found['method'])}, between the groups of ", *over, f": {method.summary}. "
        f"What should be equal: {CONSTRAINTS[found['constraint']].summary}. What to know: "
        f"{method.cannot_say}.",
    )  # fmt: skip
    blocks: list[Block] = [Prose(opening), Prose(_chosen(found)), Prose(_HOW_CHOSEN)]
    blocks += [Prose(_SAME_ROWS)] if found["method"] == "threshold" else []
    drawn = _figure(found)
    blocks += [drawn] if drawn else []
    blocks.append(_candidates(report, found))
    blocks.append(Fold("The other gaps of each candidate", tuple(_other_gaps(report, found))))
    if method.sensitive_at_prediction:
        blocks.append(Prose(_AT_PREDICTION))
    if found["method"] in ("threshold", "exponentiated_gradient"):
        blocks.append(Prose(_BY_CHANCE, small=True))
    if "cost" in found:
        blocks.append(_cost(found["cost"]))
    blocks.append(Prose(f"Method: {method.paper}.", small=True))
    return Section("mitigation", _TITLE, tuple(blocks))


def _chosen(found: Mapping[str, Any]) -> str:
    held = next(one for one in found["candidates"] if one["name"] == found["chosen"])["validation"]
    gap, limit = figure({"value": held["gap"]}, "share"), bound(found["limit"], "share")
    if held["gap"] <= found["limit"]:
        why = f"of the candidates whose gap on validation rows is at most {limit} it is the most accurate"
    else:
        why = f"no candidate's gap on validation rows is at most {limit}; this one comes nearest"
    number = [one["name"] for one in found["candidates"]].index(found["chosen"])
    called = "the one that was trained" if found["chosen"] == "none" else f"candidate {number}"
    return f"The model is {called}: {why} (its gap there: {gap})."


def _figure(found: Mapping[str, Any]) -> Figure | None:
    """The curve, of the candidates that have both numbers."""
    points, chosen = [], 0
    for index, one in enumerate(found["candidates"]):
        gap, accuracy = one["test"]["gaps"].get(found["metric"]), one["test"].get("accuracy")
        if gap and accuracy:
            chosen = len(points) if one["name"] == found["chosen"] else chosen
            points.append((str(index), gap, accuracy))
    if len(points) < 2:
        return None
    name = describe(found["metric"]).title.lower()
    caption = (
        "Test rows: accuracy over gap, each with its 95% interval. Square 0: the model as it was trained; "
        "filled diamond: the chosen one; circles: the others, numbered as in the table. The long-dashed line "
        "joins those that no other beats in both. The vertical line is the limit."
    )
    return Figure(trade_off(points, chosen=chosen, limit=found["limit"], gap=name), caption)


def _candidates(report: Mapping[str, Any], found: Mapping[str, Any]) -> Table:
    rows = []
    for index, one in enumerate(found["candidates"]):
        mark = " (chosen)" if one["name"] == found["chosen"] else ""
        place = f"/mitigation/candidates/{index}/test"
        cells: tuple[Cell, ...] = (
            _label(index, one["name"]) + mark,
            plain(one["parameter"]) if "parameter" in one else "",
            figure({"value": one["validation"]["accuracy"]}, "share"),
            figure({"value": one["validation"]["gap"]}, "share"),
            measure_or_reason(report, one["test"], "accuracy", place),
            measure_or_reason(report, one["test"]["gaps"], found["metric"], f"{place}/gaps"),
            duration(one["seconds"]) if one.get("seconds") else "",
        )
        rows.append(Row(cells, "strong" if mark else ""))
    columns = (
        Column("Candidate"),
        Column("Setting", "number"),
        Column("Accuracy", "number"),
        Column("Gap", "number"),
        Column("Test accuracy", "number"),
        Column("Test gap", "number"),
        Column("Time", "number"),
    )
    gap, setting = describe(found["metric"]).title.lower(), METHODS[found["method"]].parameter
    caption = (
        f"Every candidate: its setting ({setting}), accuracy and gap on the validation rows, then on the "
        f"test rows with 95% intervals. Gap: {gap}."
    )
    return Table(caption=caption, columns=columns, rows=tuple(rows))


def _label(index: int, name: str) -> str:
    return f"{index}, as trained" if name == "none" else str(index)


def _other_gaps(report: Mapping[str, Any], found: Mapping[str, Any]) -> list[Table]:
    names = list(dict.fromkeys(name for one in found["candidates"] for name in one["test"]["gaps"]))
    tables = []
    for name in (name for name in names if name != found["metric"]):
        rows = tuple(
            Row(
                (
                    _label(index, one["name"]),
                    measure_or_reason(
                        report,
                        one["test"]["gaps"],
                        name,
                        "/mitigation" + pointer("candidates", index, "test", "gaps"),
                    ),
                )
            )
            for index, one in enumerate(found["candidates"])
        )
        columns = (Column("Candidate"), Column("Test, 95% interval", "number"))
        tables.append(Table(caption=describe(name).title, columns=columns, rows=rows))
    return tables


def _cost(cost: Mapping[str, Any]) -> Facts:
    return Facts(
        (
            ("One training, for comparison", duration(cost["single_fit_seconds"])),
            ("All candidates together", duration(cost["total_seconds"])),
            ("Times one training", plain(cost["ratio"], 2)),
        )
    )
