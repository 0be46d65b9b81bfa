"""Counterfactuals of the examples, as they stand in the report."""

from typing import Any

from ...platform.exceptions import SpecError, nearest
from .column_shares import examples, plain
from .counterfactuals import DEPTH, Search
from .section import Section
from .subject import Subject, rounded

_CHANGEABLE = ("numeric", "categorical", "date")


def flipped(subject: Subject) -> Section:
    """What would have had to differ, for each example, for the model to decide otherwise."""
    if subject.predictor.task == "regression":
        return Section(missing="a regression makes no decision that could be otherwise")
    fixed = immutable(subject)
    kinds = {kind: subject.of_kind(kind) for kind in _CHANGEABLE}
    mutable = {name: kind for kind, names in kinds.items() for name in names if name not in fixed}
    if not mutable:
        return Section(missing="every column that the model reads is immutable, or free text")
    search = Search(subject.predictor, subject.background, mutable)
    lines = [_line(subject, search, example) for example in examples(subject)]
    return Section(
        body={
            "examples": lines,
            "settings": {
                "immutable": list(fixed),
                "values": f"observed in {subject.background.num_rows} train rows, column by column",
                "columns_changed_at_most": DEPTH,
                "rows_asked": search.asked,
                "explained": sum(bool(line["counterfactuals"]) for line in lines),
                "of": len(lines),
            },
        }
    )


def immutable(subject: Subject) -> tuple[str, ...]:
    """Columns that stay: sensitive ones, and those that the spec names.

    Raises:
        SpecError: a name is no column of the data.
    """
    known = [column.name for column in subject.predictor.schema.columns]
    for name in subject.config.immutable:
        if name not in known:
            raise SpecError(
                "audit.explain.immutable names a column that isn't there",
                got=repr(name),
                expected="the name of a column of the data",
                mend=nearest(name, known),
            )
    return tuple(dict.fromkeys((*subject.predictor.schema.sensitive, *subject.config.immutable)))


def _line(subject: Subject, search: Search, example: Any) -> dict[str, Any]:
    row, before = subject.table.slice(example.index, 1), search.asked
    found = search.find(row)
    line = subject.describe(example) | {
        "counterfactuals": [
            {
                "changes": [
                    {"feature": name, "from": plain(row[name][0]), "to": _json(value)}
                    for name, value in each.changes.items()
                ],
                "y_pred": subject.predictor.classes[each.y_pred],
                "score": rounded(each.score),
                "distance": rounded(each.distance),
            }
            for each in found
        ]
    }
    if not found:
        line["none_found"] = f"the decision stayed in all of {search.asked - before} changed rows"
    return line


def _json(value: Any) -> str | int | float | bool:
    if isinstance(value, float):
        return rounded(value)
    return value if isinstance(value, bool | int | str) else str(value)
