"""What the decisions rest on: features, examples, and whether the explanations follow the model."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..charts.scale import scale_over
from ..document import (
    Bar,
    Block,
    Cell,
    Column,
    Count,
    Fold,
    Gallery,
    Heading,
    Measure,
    Name,
    Picture,
    Prose,
    Row,
    Section,
    Table,
)
from ..figures import bound, figure, plain
from ..metrics import describe
from .absence import not_measured, reason
from .sheet import LONGEST, sheet, title

__all__ = ["METHODS", "explanation"]

METHODS = {
    "integrated_gradients": (
        "Integrated gradients",
        "Each feature's part in the score, added up along the way from a neutral input to the row "
        "(Sundararajan et al. 2017). It explains the model, not the world: a feature can matter because it "
        "stands in for another.",
    ),
    "permutation_importance": (
        "Permutation importance",
        "How much worse the model gets when a column is shuffled (Breiman 2001). Columns that carry the same "
        "information hide each other.",
    ),
    "grad_cam": (
        "Grad-CAM",
        "Which regions of the picture raise the score of the decided class (Selvaraju et al. 2017). A coarse "
        "map: it shows where, not what.",
    ),
}
"""Title of a method, and what it shows and can't, by its name in the report."""

_OPEN = 10


_KINDS = {
    "mistake": "Among the worst mistakes, test row",
    "uncertain": "Among the least certain, test row",
    "typical": "A typical one, test row",
}
"""Why an example was chosen, in the words that open its caption."""


def explanation(report: Mapping[str, Any]) -> Section:
    """Method by method: what matters overall, then single rows."""
    found = report.get("explanation")
    if found is None:
        return Section("explanation", "Explanation", (not_measured(report, "/explanation"),))
    blocks: list[Block] = []
    for name, method in found["methods"].items():
        called, says = METHODS.get(name, (title(name), ""))
        blocks += [Heading((Name(called),)), *([Prose(says)] if says else [])]
        blocks += _global(method.get("global", ()))
        blocks += _examples(method.get("examples", ()))
        if method.get("settings"):
            blocks.append(Fold("How it was measured", tuple(sheet(method["settings"]))))
    blocks += _faithfulness(report, found.get("faithfulness", {}))
    if found.get("settings"):
        blocks.append(Fold("Settings of the explanations", tuple(sheet(found["settings"]))))
    return Section("explanation", "Explanation", tuple(blocks))


def _global(features: Sequence[Mapping[str, Any]]) -> list[Block]:
    if not features:
        return []
    ends = [
        entry[key] for entry in features for key in ("value", "low", "high") if entry.get(key) is not None
    ]
    scale = scale_over(ends, include=(0.0,))
    largest = max(features, key=lambda entry: abs(entry["value"]))
    counted = any("n" in entry for entry in features)
    heads = [
        Column("Feature"),
        Column("n", "number"),
        Column("Value, 95% interval", "number"),
        Column("", "chart", scale),
    ]
    columns = tuple(heads if counted else [heads[0], *heads[2:]])
    rows = []
    for entry in features[:LONGEST]:
        cells = ((Name(entry["feature"]),), Measure(entry, "plain", largest), Bar(entry, scale))
        n = Count(entry["n"]) if "n" in entry else ""
        rows.append(Row((cells[0], n, *cells[1:]) if counted else cells))
    caption = "Features, by their part in the model's decisions"
    if len(features) > LONGEST:
        caption += f"; {len(features) - LONGEST} more in report.json"
    blocks: list[Block] = [Table(caption=caption, columns=columns, rows=tuple(rows[:_OPEN]))]
    if rows[_OPEN:]:
        rest = Table(caption="Further features", columns=columns, rows=tuple(rows[_OPEN:]))
        blocks.append(Fold(f"More features: {len(rows) - _OPEN}", (rest,)))
    return blocks


def _examples(examples: Sequence[Mapping[str, Any]]) -> list[Block]:
    pictures, tables = [], []
    for example in examples:
        said = _said(example)
        if "picture" in example:
            pictures.append(Picture(example["picture"], f"Saliency map of test row {example['row']}", said))
        if example.get("attributions"):
            tables.append(_attributions(example["attributions"], said))
    blocks: list[Block] = [Gallery(tuple(pictures))] if pictures else []
    if tables:
        blocks.append(Fold("Single predictions explained: " + str(len(tables)), tuple(tables)))
    return blocks


def _said(example: Mapping[str, Any]) -> tuple[Any, ...]:
    """Test row 17: decided 3, score 0.912; true 3."""
    kind = _KINDS.get(example.get("kind", ""), "Test row")
    said: list[Any] = [f"{kind} {example['row']}"]
    if example.get("y_pred") is not None:
        said += [": decided ", Name(_value(example["y_pred"]))]
    if example.get("score") is not None:
        said.append(f", score {bound(example['score'], 'share')}")
    if example.get("y_true") is not None:
        wrong = example.get("y_pred") is not None and example["y_pred"] != example["y_true"]
        said += ["; truly " if wrong else "; true: ", Name(_value(example["y_true"]))]
    return tuple(said)


def _attributions(parts: Sequence[Mapping[str, Any]], caption: tuple[Any, ...]) -> Table:
    scale = scale_over((part["value"] for part in parts), include=(0.0,))
    largest = max(parts, key=lambda part: abs(part["value"]))
    inputs = any("input" in part for part in parts)
    heads = [
        Column("Feature"),
        Column("Input"),
        Column("Part in the score", "number"),
        Column("", "chart", scale),
    ]
    rows = []
    for part in parts[:_OPEN]:
        cells: list[Cell] = [(Name(part["feature"]),), (Name(_value(part.get("input"))),)]
        cells += [figure(part, "plain", largest), Bar(part, scale)]
        rows.append(Row(tuple(cells if inputs else [cells[0], *cells[2:]])))
    return Table(
        caption=caption, columns=tuple(heads if inputs else [heads[0], *heads[2:]]), rows=tuple(rows)
    )


def _faithfulness(report: Mapping[str, Any], numbers: Mapping[str, Any]) -> list[Block]:
    if not numbers:
        why = reason(report, "/explanation/faithfulness")
        return (
            [Heading("Do the explanations follow the model?"), Prose((Name(why, whole=True),))] if why else []
        )
    rows = tuple(
        Row(
            (
                describe(name).title,
                Count(number["n"]) if "n" in number else "",
                Measure(number, describe(name).unit),
            )
        )
        for name, number in numbers.items()
    )
    columns = (Column("Check"), Column("n", "number"), Column("Value, 95% interval", "number"))
    table = Table(caption="Faithfulness of the explanations", columns=columns, rows=rows)
    return [Heading("Do the explanations follow the model?"), table]


def _value(value: Any) -> str:
    if value is None:
        return "missing"
    return plain(value) if isinstance(value, float) else str(value)
