"""The worst, the most uncertain and the most typical rows of each group, and what errors have in common.

It is for reading, not for testing: what stands out among a group's errors was looked for in the same rows, so
that some difference always does. Intervals and tests of gaps between groups are the fairness section's.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from ...platform.data.compute import pc
from ..intervals.proportion import Proportions
from . import overlay
from .column_shares import plain
from .examples import KINDS, choose
from .images import unit
from .pixels import images_of
from .subject import Subject, rounded

__all__ = ["browse"]

GROUPS = 8
"""Groups of one attribute that are shown, the largest first."""
ATTRIBUTES = 4
EVERYONE = "everyone"
_COLUMNS = 6
_DIFFERENCES = 3
_FEWEST = 5
_TOLD = 80
_Z95 = 1.959963984540054


def browse(subject: Subject) -> dict[str, Any]:
    """Error browser by attribute and group; data without sensitive columns have one group of all rows.

    Returns:
        `{attribute: {groups: {group: {n, errors, error_rate or mean_error, differences, examples}},
        more_groups: how many aren't shown}}`.
    """
    everyone = {EVERYONE: np.full(subject.table.num_rows, "all")}
    attributes = dict(list(subject.sensitive.items())[:ATTRIBUTES]) or everyone
    drawn: dict[int, str] = {}
    return {name: _attribute(subject, groups, drawn) for name, groups in attributes.items()}


def _attribute(subject: Subject, groups: np.ndarray, drawn: dict[int, str]) -> dict[str, Any]:
    names, counts = np.unique(groups, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    found = {
        str(names[i]): _group(subject, np.flatnonzero(groups == names[i]), drawn) for i in order[:GROUPS]
    }
    return {"groups": found, "more_groups": max(0, len(names) - GROUPS)}


def _group(subject: Subject, rows: np.ndarray, drawn: dict[int, str]) -> dict[str, Any]:
    error = _errors(subject, rows)
    regression = subject.predictor.task == "regression"
    # Regression has no wrong rows: the tenth with the largest errors are compared with the others.
    wrong = error >= np.quantile(error, 0.9) if regression else error > 0
    key = "mean_error" if regression else "error_rate"
    body: dict[str, Any] = {"n": len(rows), key: _mean(error, share=not regression)}
    if not regression:
        body["errors"] = int(wrong.sum())
    return body | {
        "differences": _differences(subject, rows[wrong], rows[~wrong]),
        "examples": _examples(subject, rows, drawn),
    }


def _mean(error: np.ndarray, *, share: bool) -> dict[str, Any]:
    """Mean over rows with its 95% interval: exact for a share, normal for a value."""
    n, mean = len(error), float(error.mean())
    if share:
        limits = Proportions(value=np.array([mean]), trials=np.array([n])).limits(_Z95)
        low, high = (float(limit[0]) for limit in limits)
    else:
        half = _Z95 * float(error.std()) / n**0.5
        low, high = mean - half, mean + half
    return {"value": rounded(mean), "low": rounded(low), "high": rounded(high), "n": n}


def _errors(subject: Subject, rows: np.ndarray) -> np.ndarray:
    """1 where the decision is wrong; regression: how far the value is off."""
    if subject.predictor.task == "regression":
        return np.abs(subject.y_true[rows] - subject.y_pred[rows])
    return (subject.y_true[rows] != subject.y_pred[rows]).astype(float)


def _examples(subject: Subject, rows: np.ndarray, drawn: dict[int, str]) -> list[dict[str, Any]]:
    chosen = choose(subject.y_true[rows], subject.y_pred[rows], subject.scores[rows], count=len(KINDS))
    lines = []
    for example in chosen:
        place = int(rows[example.index])
        line = subject.describe(type(example)(place, example.kind))
        if subject.modality == "image":
            line["picture"] = drawn.setdefault(place, _draw(subject, place, line["row"]))
        else:
            shown = subject.columns[:_COLUMNS]
            line["inputs"] = {name: _short(plain(subject.table[name][place])) for name in shown}
        lines.append(line)
    return lines


def _draw(subject: Subject, place: int, row: int) -> str:
    image = images_of(subject.table.slice(place, 1), subject.predictor.schema.image)
    name = f"error_browser_{row}.png"
    overlay.draw_plain(unit(image)[0], subject.pictures / name)
    return f"{subject.pictures.name}/{name}"


def _short(value: Any) -> Any:
    return value if not isinstance(value, str) or len(value) <= _TOLD else value[: _TOLD - 1] + "…"


def _differences(subject: Subject, wrong: np.ndarray, right: np.ndarray) -> list[dict[str, Any]]:
    """What sets errors apart from the rest of their group, the clearest first.

    Numbers: means, and their difference in standard deviations; categories: the one whose share differs most,
    and the difference in standard deviations of that share.
    """
    if min(len(wrong), len(right)) < _FEWEST:
        return []
    found = []
    for name in subject.numbers:
        a, b = (_numbers(subject.table[name].take(pa.array(rows))) for rows in (wrong, right))
        found.append(
            {"feature": name} | _apart(float(np.nanmean(a)), float(np.nanmean(b)), float(np.nanstd([*a, *b])))
        )
    for name in subject.of_kind("categorical"):
        ours, theirs = (_shares(subject.table[name].take(pa.array(rows))) for rows in (wrong, right))
        apart = {value: ours.get(value, 0.0) - theirs.get(value, 0.0) for value in sorted({*ours, *theirs})}
        if apart:
            value = max(apart, key=lambda value: abs(apart[value]))
            a, b = ours.get(value, 0.0), theirs.get(value, 0.0)
            overall = (a * len(wrong) + b * len(right)) / (len(wrong) + len(right))
            spread = (overall * (1 - overall)) ** 0.5
            found.append({"feature": name, "is": value} | _apart(a, b, spread))
    found.sort(key=lambda line: -abs(line["difference"]))
    return [line for line in found if line["difference"]][:_DIFFERENCES]


def _apart(ours: float, theirs: float, spread: float) -> dict[str, float]:
    apart = (ours - theirs) / spread if np.isfinite(spread) and spread > 0 else 0.0
    apart = apart if np.isfinite(apart) else 0.0
    return {
        "errors": rounded(np.nan_to_num(ours)),
        "others": rounded(np.nan_to_num(theirs)),
        "difference": rounded(apart),
    }


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    values = np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), float)
    return values[np.isfinite(values)] if np.isfinite(values).any() else np.zeros(1)


def _shares(column: pa.ChunkedArray) -> dict[str, float]:
    counted = pc.value_counts(column.drop_null()).to_pylist()
    return {_short(str(entry["values"])): entry["counts"] / max(1, len(column)) for entry in counted}
