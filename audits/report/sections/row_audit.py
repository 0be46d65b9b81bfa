"""What the rows themselves say: leaks, copies, persons across splits, and who is in the data."""

from collections.abc import Mapping
from typing import Any

from ..charts.scale import scale_over
from ..document import (
    Block,
    Cell,
    Column,
    Count,
    Fold,
    Heading,
    Inline,
    Measure,
    Name,
    Prose,
    Row,
    Strip,
    Table,
    Text,
)
from ..figures import plain, share_of
from ..metrics import describe
from .absence import measure_or_reason

__all__ = ["row_audit", "row_faults"]

_LEAK, _COPIED = 0.9, 0.01
_FAULTS = ("label_leak", "copied_rows", "crossing_rows", "absent_groups")


def row_audit(report: Mapping[str, Any]) -> list[Block]:
    """Blocks for the section on data; none where the rows were not audited."""
    found = report["data"].get("audit")
    if found is None:
        return []
    blocks: list[Block] = [_faults(report, found)]
    for attribute, groups in found.get("representation", {}).items():
        blocks.append(Heading(("Who is in the data, by ", Name(attribute))))
        blocks += [
            _groups(attribute, groups),
            *_labels(report, attribute, found["labels"].get(attribute, {})),
        ]
    blocks += _missing_cells(found.get("missingness", {}))
    blocks += _population(report, found.get("in_population"))
    if found.get("near_rows"):
        blocks.append(_near(found["near_rows"]))
    if found.get("single_columns"):
        blocks.append(Fold("The best single features", (_single(found["single_columns"]),)))
    return blocks


def row_faults(report: Mapping[str, Any]) -> list[Text]:
    """One line for each fault that makes the numbers of this report better than the model is.

    They are said whether or not a policy asks, from levels on at which an honest reason is the exception.
    """
    numbers, found = report["data"].get("metrics", {}), report["data"].get("audit", {})
    lines: list[Text] = []
    if "label_leak" in numbers and (numbers["label_leak"].get("one_sided") or [0])[0] >= _LEAK:
        best = found["single_columns"][0]["column"]
        lines.append(("Label leak? The column ", Name(best), " alone tells almost every label."))
    if numbers.get("copied_rows", {}).get("value", 0) >= _COPIED:
        share = share_of(numbers["copied_rows"]["value"], 1.0)
        lines.append(f"{share} of the test rows also stand in train or validation, beyond what was known.")
    if numbers.get("crossing_rows", {}).get("value", 0) > 0:
        key = Name(found["keys"][0]["column"])
        share = share_of(numbers["crossing_rows"]["value"], 1.0)
        lines.append((f"{share} of the test rows share their ", key, " with train or validation rows."))
    for attribute, names in found.get("absent_groups", {}).items():
        lines.append(
            ("No test row has ", Name(attribute), " ", Name(", ".join(names)), ": nothing is known of it.")
        )
    return lines


def _faults(report: Mapping[str, Any], found: Mapping[str, Any]) -> Table:
    numbers = report["data"].get("metrics", {})
    rows = tuple(
        Row(
            (
                describe(name).title,
                measure_or_reason(report, numbers, name, "/data/metrics"),
                _where(name, found),
                describe(name).cannot,
            )
        )
        for name in _FAULTS
    )
    columns = (Column("Fault"), Column("Found", "number"), Column("Where"), Column("What it can't see"))
    return Table(caption="What would make a model look better than it is", columns=columns, rows=rows)


def _where(name: str, found: Mapping[str, Any]) -> Cell:
    if name == "label_leak":
        return (Name(found["single_columns"][0]["column"]),) if found.get("single_columns") else ""
    if name == "crossing_rows":
        crossing = [key for key in found.get("keys", ()) if key["rows"]]
        return (Name(crossing[0]["column"]), f", {crossing[0]['rows']:,} test rows") if crossing else ""
    if name == "absent_groups":
        lost = [f"{attribute}: {', '.join(names)}" for attribute, names in found["absent_groups"].items()]
        return (Name("; ".join(lost)),) if lost else ""
    return ""


def _groups(attribute: str, groups: Mapping[str, Any]) -> Table:
    declared = any("declared" in one for one in groups.values())
    ends = [one["share"][key] for one in groups.values() for key in ("low", "high")]
    scale = scale_over(ends, include=(0.0,))
    rows = []
    for name, one in groups.items():
        cells: list[Cell] = [(Name(name),), Count(one["n"])]
        cells += [Measure(one["share"], "share"), Strip(one["share"], scale)]
        if declared:
            cells += [plain(one["declared"], 3) if "declared" in one else ""]
            cells += [Measure(one["ratio"], "plain") if "ratio" in one else ""]
        rows.append(Row(tuple(cells)))
    columns = [Column("Group"), Column("n", "number")]
    columns += [Column("Share, 95% interval", "number"), Column("", "chart", scale)]
    if declared:
        columns += [Column("Declared share", "number"), Column("Share over declared", "number")]
    return Table(caption=("Share of all rows by ", Name(attribute)), columns=tuple(columns), rows=tuple(rows))


def _labels(report: Mapping[str, Any], attribute: str, groups: Mapping[str, Any]) -> list[Block]:
    """One table a class; beyond the first they are folded."""
    unit = "plain" if report["model"]["task"] == "regression" else "share"
    tables: list[Block] = []
    for label in dict.fromkeys(label for one in groups.values() for label in one if label != "n"):
        held = {name: one[label] for name, one in groups.items() if label in one}
        scale = scale_over([number[key] for number in held.values() for key in ("low", "high")])
        rows = tuple(
            Row(((Name(name),), Count(number["n"]), Measure(number, unit), Strip(number, scale)))
            for name, number in held.items()
        )
        columns = (
            Column("Group"), Column("n", "number"), Column("95% interval", "number"),
            Column("", "chart", scale),
        )  # fmt: skip
        said: tuple[Inline, ...] = ("Label ", Name(label), " by ", Name(attribute))
        if unit == "plain":
            said = ("Mean of the target by ", Name(attribute))
        tables.append(Table(caption=said, columns=columns, rows=rows))
    return [*tables[:1], *([Fold("Labels of the other classes", tuple(tables[1:]))] if tables[1:] else [])]


def _missing_cells(found: Mapping[str, Any]) -> list[Block]:
    if not found.get("tested"):
        return []
    if not found["flagged"]:
        return [Prose(f"Missing cells: of {found['tested']} columns by attribute none depends on the group.")]
    rows = tuple(
        Row(
            (
                (Name(one["column"]), " by ", Name(one["by"])),
                (Name(one["highest"]),), Measure(one["highest_rate"], "share"),
                (Name(one["lowest"]),), Measure(one["lowest_rate"], "share"),
                plain(one["p"], 2),
            )
        )
        for one in found["flagged"]
    )  # fmt: skip
    columns = (
        Column("Column"), Column("Most missing in"), Column("Rate", "number"), Column("Least missing in"),
        Column("Rate", "number"), Column("p, Holm", "number"),
    )  # fmt: skip
    return [Table(caption="Cells that are missing more often in one group", columns=columns, rows=rows)]


def _population(report: Mapping[str, Any], found: Mapping[str, Any] | None) -> list[Block]:
    if not found:
        return []
    tested = report.get("performance", {}).get("metrics", {})
    rows = tuple(
        Row(
            (
                describe(name).title,
                Measure(tested[name], describe(name).unit) if name in tested else "",
                Measure(number, describe(name).unit),
            )
        )
        for name, number in found["metrics"].items()
    )
    columns = (Column("Metric"), Column("Test rows", "number"), Column("Declared population", "number"))
    said = (
        f"The test rows weighted to the declared shares are worth {found['effective_rows']:,.0f} rows; the "
        f"heaviest row counts {plain(found['largest_weight'], 3)} times. Right only if the test rows of each "
        "group stand for the people of that group."
    )
    table = Table(caption="Performance in the declared population", columns=columns, rows=rows)
    return [table, Prose(said, small=True)]


def _near(found: Mapping[str, Any]) -> Prose:
    but_one, rounded = found["all_but_one"], found["rounded"]
    return Prose(
        f"Near copies: {share_of(but_one['share'], 1.0)} of the test rows equal a train or validation row in "
        f"all columns but one (within train {share_of(but_one['within_train'], 1.0)}), and "
        f"{share_of(rounded['share'], 1.0)} with numbers rounded to two digits (within train "
        f"{share_of(rounded['within_train'], 1.0)}). In an honest split the two shares are alike."
    )


def _single(found: list[Mapping[str, Any]]) -> Table:
    scale = scale_over([one["skill"][key] for one in found for key in ("low", "high")], include=(0.0,))
    rows = tuple(
        Row(((Name(one["column"]),), Measure(one["skill"], "share"), Strip(one["skill"], scale)))
        for one in found
    )
    columns = (Column("Feature"), Column("Share of mistakes removed", "number"), Column("", "chart", scale))
    return Table(caption="Alone, against a constant guess", columns=columns, rows=rows)
