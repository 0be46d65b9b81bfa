"""Who is in the data: shares and labels of groups beside a declared population, and who is absent."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...platform.data.values import categories, numbers
from ..findings import number
from ..intervals import means, tails
from .rows import Rows
from .share import share

__all__ = ["absent_groups", "labels", "representation"]


def representation(
    rows: Rows, reference: Mapping[str, Mapping[str, float]], confidence: float
) -> dict[str, Any]:
    """Share of each group in all rows; beside a declared share the ratio of the two.

    A ratio below 1 says that the group is rarer here than among the people declared. Nothing is said of why.
    """
    found: dict[str, Any] = {}
    for attribute, (names, codes) in rows.coded.items():
        counts = np.bincount(codes)
        found[attribute] = {}
        for name, count in zip(names.tolist(), counts.tolist(), strict=True):
            one = {"n": count, "share": share(count, len(codes), confidence)}
            declared = reference.get(attribute, {}).get(name)
            if declared:
                one |= {"declared": declared, "ratio": _over(one["share"], declared)}
            found[attribute][name] = one
    return found


def _over(part: dict[str, Any], declared: float) -> dict[str, Any]:
    bounds = tuple(bound / declared for bound in part["one_sided"])
    value, low, high = (part[key] / declared for key in ("value", "low", "high"))
    return number(value, low, high, part["n"], (bounds[0], bounds[1]))


def labels(rows: Rows, confidence: float) -> dict[str, Any]:
    """Within each group: share of each class (of two the positive one), or the mean of the quantity."""
    schema, found = rows.schema, {}
    column = rows.together[schema.target]
    shown = schema.classes[1:] if schema.task == "binary" else schema.classes
    truth = (
        numbers(column, schema.target).to_numpy()
        if schema.task == "regression"
        else np.array(categories(column).to_pylist())
    )
    for attribute, (names, codes) in rows.coded.items():
        found[attribute] = {}
        for code, name in enumerate(names.tolist()):
            held = truth[codes == code]
            found[attribute][name] = (
                {"mean": _mean(held, confidence)}
                if schema.task == "regression"
                else {label: share(int((held == label).sum()), len(held), confidence) for label in shown}
            )
    return found


def _mean(values: np.ndarray, confidence: float) -> dict[str, Any]:
    if len(values) < 2:
        return {"n": len(values)}
    held = means(values, np.zeros(len(values), int), 1, positive=False)
    (low, high), (lower, upper) = (held.limits(z) for z in tails(confidence))
    return number(held.value[0], low[0], high[0], len(values), (float(lower[0]), float(upper[0])))


def absent_groups(rows: Rows) -> dict[str, list[str]]:
    """Groups by attribute that train or validation rows have and no test row: nothing is measured on them."""
    tested, found = rows.split == "test", {}
    for attribute, (names, codes) in rows.coded.items():
        lost = np.setdiff1d(codes[~tested], codes[tested])
        if len(lost):
            found[attribute] = names[lost].tolist()
    return found
