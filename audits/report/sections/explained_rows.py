"""Single predictions: their shares, their words, their pictures, and what would have flipped them."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..charts.scale import scale_over
from ..document import (
    Bar,
    Block,
    Cell,
    Column,
    Fold,
    Gallery,
    Listing,
    Name,
    Picture,
    Prose,
    Row,
    Table,
    Text,
    Word,
    Words,
)
from ..figures import figure, plain

__all__ = ["explained_rows", "picture", "said", "value"]

_OPEN = 10
_LEVELS = 4

_KINDS = {
    "mistake": "Among the worst mistakes, test row",
    "uncertain": "Among the least certain, test row",
    "typical": "A typical one, test row",
}
"""Why an example was chosen, in the words that open its caption."""


def explained_rows(examples: Sequence[Mapping[str, Any]]) -> list[Block]:
    """Pictures in the open, the rest folded."""
    pictures = [picture(example, "Saliency map") for example in examples if "picture" in example]
    inside: list[Block] = []
    for example in examples:
        if example.get("attributions"):
            inside.append(_attributions(example["attributions"], said(example)))
        for name, words in example.get("words", {}).items():
            inside.append(_words((*said(example), "; ", Name(name), " word by word:"), words))
        if "counterfactuals" in example:
            inside += _counterfactuals(example)
    blocks: list[Block] = [Gallery(tuple(pictures))] if pictures else []
    if inside:
        blocks.append(Fold(f"Single predictions explained: {len(examples)}", tuple(inside)))
    return blocks


def picture(example: Mapping[str, Any], what: str) -> Picture:
    """The picture of a row with its caption."""
    return Picture(example["picture"], f"{what} of test row {example['row']}", said(example))


def said(example: Mapping[str, Any]) -> tuple[Any, ...]:
    """Test row 17: decided 3, score 0.912; true 3."""
    kind = _KINDS.get(example.get("kind", ""), "Test row")
    told: list[Any] = [f"{kind} {example['row']}"]
    if example.get("y_pred") is not None:
        told += [": decided ", Name(value(example["y_pred"]))]
    if example.get("score") is not None:
        told.append(f", score {figure({'value': example['score']}, 'share')}")
    if example.get("y_true") is not None:
        wrong = example.get("y_pred") is not None and example["y_pred"] != example["y_true"]
        told += ["; truly " if wrong else "; true: ", Name(value(example["y_true"]))]
    return tuple(told)


def value(found: Any) -> str:
    """A cell of the data in words."""
    if found is None:
        return "missing"
    return plain(found) if isinstance(found, float) else str(found)


def _attributions(parts: Sequence[Mapping[str, Any]], caption: Text) -> Table:
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
        cells: list[Cell] = [(Name(part["feature"]),), (Name(value(part.get("input"))),)]
        cells += [figure(part, "plain", largest), Bar(part, scale)]
        rows.append(Row(tuple(cells if inputs else [cells[0], *cells[2:]])))
    return Table(
        caption=caption, columns=tuple(heads if inputs else [heads[0], *heads[2:]]), rows=tuple(rows)
    )


def _words(caption: Text, words: Sequence[Mapping[str, Any]]) -> Words:
    """Levels are quarters of the largest value of the text; less than an eighth of it is not marked."""
    largest = max((abs(word["value"]) for word in words if word["value"] is not None), default=0.0)
    marked = []
    for word in words:
        worth = word["value"]
        level = round(_LEVELS * abs(worth) / largest) if worth is not None and largest else 0
        marked.append(Word(word["word"], worth, level))
    return Words(caption, tuple(marked))


def _counterfactuals(example: Mapping[str, Any]) -> list[Block]:
    """'Had X been Y instead of Z', one line a counterfactual; or why there is none."""
    head = Prose((*said(example), "."))
    if not example["counterfactuals"]:
        why = example.get("none_found", "")
        return [head, Prose(("None was found: ", Name(why, whole=True), "."))]
    return [head, Listing(tuple(_had(each) for each in example["counterfactuals"]))]


def _had(each: Mapping[str, Any]) -> Text:
    told: list[Any] = ["Had "]
    for place, change in enumerate(each["changes"]):
        told += [" and "] if place else []
        told += [Name(change["feature"]), " been ", Name(value(change["to"]))]
        told += [" instead of ", Name(value(change["from"]))]
    told += [": ", Name(value(each["y_pred"])), f", score {figure({'value': each['score']}, 'share')}"]
    return tuple(told)
