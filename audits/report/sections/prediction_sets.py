"""When the model should say less: conformal sets and abstention, each with who it falls upon."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..charts.risk_coverage import risk_coverage
from ..document import Block, Column, Count, Figure, Fold, Heading, Measure, Name, Prose, Row, Table
from ..figures import bound, plain
from .absence import reason
from .sheet import title
from .slices import slice_table

__all__ = ["abstention", "conformal"]

_OF_SETS = (
    "conformal_coverage",
    "group_conformal_coverage",
    "conformal_set_size",
    "group_conformal_set_size",
    "conformal_interval_width",
    "group_conformal_interval_width",
)
_OF_ABSTENTION = ("selective_coverage", "selective_accuracy", "accuracy")
_METHODS = {
    "least_ambiguous": "Least ambiguous sets (LAC)",
    "adaptive": "Adaptive sets (APS)",
    "regularized_adaptive": "Regularized adaptive sets (RAPS)",
    "absolute_residual": "Intervals of one width",
    "local_residual": "Intervals as wide as errors around the prediction",
}


def conformal(report: Mapping[str, Any], found: Mapping[str, Any]) -> list[Block]:
    """The promise, every method beside it, and who is covered."""
    held = found.get("conformal")
    if held is None:
        return _absent(report, "/robustness/conformal", "Prediction sets")
    blocks: list[Block] = [Heading("Prediction sets"), Prose(_promise(held)), _methods(held["methods"])]
    if held.get("note"):
        blocks.append(Prose((Name(held["note"], whole=True),), small=True))
    return blocks + _by_group(report, found, _OF_SETS, 2)


def abstention(report: Mapping[str, Any], found: Mapping[str, Any]) -> list[Block]:
    """The curve, its numbers, the points set on validation rows, and who is left undecided."""
    held = found.get("abstention")
    if held is None:
        return _absent(report, "/robustness/abstention", "Abstention")
    opening = (
        f"Left undecided are rows that score below {bound(round(held['threshold'], 3), 'share')}, set on "
        f"validation rows so that {plain(100 * held['share_to_decide'])}% of them are decided. More accuracy "
        "on the rest can come with more people of one group left undecided, and with worse decisions in it."
    )
    return [
        Heading("Abstention"),
        Prose(opening),
        _points(held["points"]),
        Figure(risk_coverage(held["curve"], held["share_to_decide"]), "Accuracy among the most confident"),
        Fold("The curve in numbers", (_curve(held["curve"]),)),
        *_by_group(report, found, _OF_ABSTENTION, 2),
    ]


def _promise(held: Mapping[str, Any]) -> str:
    promised = (
        f"Each set is made to hold the truth with a probability of at least {plain(held['promised'])}, "
        f"calibrated on {held['calibration_rows']:,} validation rows"
    )
    if "expected_range" not in held:
        return promised + ". The promise is about all rows together, not about any group."
    low, high = (bound(round(held["expected_range"][end], 3), "share") for end in ("low", "high"))
    return (
        f"{promised}. With so many, coverage between {low} and {high} is what exchangeable rows give. The "
        "promise is about all rows together, not about any group: below, each group's coverage, and what "
        "a threshold of its own changes."
    )


def _methods(methods: Mapping[str, Mapping[str, Any]]) -> Table:
    sizes = [name for held in methods.values() for name in held["metrics"] if name != "conformal_coverage"]
    labels = any(name == "conformal_set_size" for name in sizes)
    rows = []
    for name in sorted(methods, key=lambda name: [*_METHODS, name].index(name)):
        held = methods[name]
        coverage, size = held["metrics"].get("conformal_coverage"), None
        size = next((n for key, n in held["metrics"].items() if key != "conformal_coverage"), None)
        cells = [
            Count(coverage["n"]) if coverage else "",
            Measure(coverage, "share") if coverage else "",
            Measure(size, "plain") if size else "without end",
        ]
        if labels:
            cells.append(Measure(held["empty_sets"], "share") if "empty_sets" in held else "")
        rows.append(Row((_METHODS.get(name, title(name)), *cells)))
    columns = [Column("Method"), Column("n", "number"), Column("Coverage, 95% interval", "number")]
    columns.append(Column("Classes in a set" if labels else "Width", "number"))
    columns += [Column("Empty sets", "number")] if labels else []
    return Table(caption="Prediction sets on the test rows", columns=tuple(columns), rows=tuple(rows))


def _points(points: Sequence[Mapping[str, Any]]) -> Table:
    columns = (
        Column("Validation rows decided", "number"),
        Column("Test rows decided", "number"),
        Column("Accuracy on these", "number"),
        Column("Accuracy on the rest", "number"),
    )
    rows = [
        Row((
            bound(point["asked"], "share"),
            *(Measure(point[key], "share") if key in point else "" for key in
              ("kept", "accuracy", "accuracy_of_the_rest")),
        ))
        for point in points
    ]  # fmt: skip
    return Table(caption="Thresholds from validation rows, on test rows", columns=columns, rows=tuple(rows))


def _curve(curve: Sequence[Mapping[str, Any]]) -> Table:
    columns = (Column("Share decided", "number"), Column("n", "number"), Column("Accuracy", "number"))
    rows = [
        Row(
            (
                bound(round(p["coverage"], 3), "share"),
                Count(p["accuracy"]["n"]),
                Measure(p["accuracy"], "share"),
            )
        )
        for p in curve
    ]
    return Table(caption="Accuracy among the most confident test rows", columns=columns, rows=tuple(rows))


def _by_group(
    report: Mapping[str, Any], found: Mapping[str, Any], metrics: Sequence[str], opened: int
) -> list[Block]:
    """Tables of the metrics that the groups of each column have, the first ones open."""
    blocks: list[Block] = []
    for column, groups in found.get("groups", {}).items():
        present = [name for name in metrics if any(name in held["metrics"] for held in groups.values())]
        place = "/robustness/groups/" + column.replace("~", "~0").replace("/", "~1")
        tables = [
            slice_table(report, groups, name, place, "Group", (" by ", Name(column))) for name in present
        ]
        blocks += tables[:opened]
        if tables[opened:]:
            blocks.append(Fold((f"{len(tables) - opened} more by ", Name(column)), tuple(tables[opened:])))
    return blocks


def _absent(report: Mapping[str, Any], place: str, heading: str) -> list[Block]:
    why = reason(report, place)
    return [Heading(heading), Prose((Name(why, whole=True),))] if why else []
