"""What the decisions rest on: features, examples, and whether the explanations follow the model."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..charts.scale import scale_over
from ..document import (
    Bar,
    Block,
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
from ..metrics import describe, of_method
from .absence import not_measured, reason
from .error_browser import error_browser
from .explained_rows import explained_rows
from .sheet import LONGEST, sheet, title

__all__ = ["METHODS", "explanation"]

METHODS = {
    "integrated_gradients": (
        "Integrated gradients",
        "Each feature's part in the score, added up along the way from a neutral input to the row "
        "(Sundararajan et al. 2017). It explains the model, not the world: a feature can matter because it "
        "stands in for another.",
    ),
    "kernel_shap": (
        "Shapley values, sampled",
        "Each feature's part in the score, averaged over the orders in which features are told, the others "
        "taken from other rows (Lundberg & Lee 2017). The model is asked about rows that cannot exist.",
    ),
    "exact_shapley": (
        "Shapley values, exact",
        "The same over all coalitions of features: no sampling error, and the same limits.",
    ),
    "gradient_shap": (
        "Expected gradients",
        "Each feature's part in the score, along the straight ways from many rows (Erion et al. 2021).",
    ),
    "occlusion": (
        "Occlusion",
        "How far the score falls when one part is hidden: a patch of a picture, a word, a column (Zeiler & "
        "Fergus 2014). Of two parts that say the same, hiding one changes nothing.",
    ),
    "attention_rollout": (
        "Attention rollout",
        "How much of each part reaches the decision through the layers of attention (Abnar & Zuidema 2020). "
        "The same for every class: what is mixed, not what is made of it.",
    ),
    "counterfactuals": (
        "What would have flipped the decision",
        "The fewest changes, to values that other rows hold, after which this model decides otherwise; each "
        "was checked. Not advice, not a promise, and not causal: changing one thing in the world changes "
        "others, and the model may be replaced. Sensitive columns stay as they are.",
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
        blocks += explained_rows(method.get("examples", ()))
        if "heads" in method:
            blocks += _heads(method["heads"])
        blocks += _settings(method.get("settings", {}))
    blocks += _faithfulness(report, found.get("faithfulness", {}))
    blocks += error_browser(found.get("error_browser", {}))
    if found.get("settings"):
        blocks.append(Fold("Settings of the explanations", tuple(sheet(found["settings"]))))
    return Section("explanation", "Explanation", tuple(blocks))


def _settings(found: Mapping[str, Any]) -> list[Block]:
    """What the method can't say, in the open; how it was measured, folded."""
    limits = found.get("cannot_say")
    shown = [Prose(("It can't say: ", Name(limits, whole=True)), small=True)] if limits else []
    rest = {key: value for key, value in found.items() if key != "cannot_say"}
    return [*shown, *([Fold("How it was measured", tuple(sheet(rest)))] if rest else [])]


def _heads(found: Mapping[str, Any]) -> list[Block]:
    """Every head of every layer of one row."""
    said = f"Test row {found['row']}: what each head looks at, on average over the places that look"
    if "layers" in found:
        said += f"; {found['layers']} layers from the top down, {found['heads']} heads across"
    return [Gallery((Picture(found["picture"], f"Attention heads of test row {found['row']}", said),))]


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


def _faithfulness(report: Mapping[str, Any], numbers: Mapping[str, Any]) -> list[Block]:
    """A line a method, a column a check."""
    asked = Heading("Do the explanations follow the model?")
    if not numbers:
        why = reason(report, "/explanation/faithfulness")
        return [asked, Prose((Name(why, whole=True),))] if why else []
    parts = {name: of_method(name) for name in numbers}
    checks = list(dict.fromkeys(check for _, check in parts.values()))
    lines: dict[str, dict[str, Any]] = {}
    for name, (method, check) in parts.items():
        lines.setdefault(method, {})[check] = numbers[name]
    rows = tuple(
        Row(
            (
                METHODS.get(method, (title(method), ""))[0],
                Count(next(iter(found.values())).get("n", 0)),
                *(Measure(found[check], describe(check).unit) if check in found else "" for check in checks),
            )
        )
        for method, found in lines.items()
    )
    heads = (Column("Method"), Column("n", "number"), *(Column(describe(c).title, "number") for c in checks))
    table = Table(caption="Faithfulness of the explanations, 95% intervals", columns=heads, rows=rows)
    return [asked, table]
