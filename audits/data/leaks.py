"""Label leaks: does one column alone nearly tell the target?

Kaufman et al., "Leakage in data mining: formulation, detection, and avoidance" (2012),
https://doi.org/10.1145/2382577.2382579. A column that is written down after the label, or from it, tells it.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from ...platform.data.preprocess import Preprocessor
from ..findings import number
from ..intervals import GATE, Proportions, pointwise, tails
from .rows import Rows

__all__ = ["single_columns"]

_BINS = 64
_ROWS_A_BIN = 10


def single_columns(rows: Rows, confidence: float) -> list[dict[str, Any]]:
    """How much of the mistakes of a constant guess each feature removes on its own, the most first.

    Each column, in bins or categories, names the class that is most frequent there in train rows, and is
    scored on validation and test rows: 1 - mistakes / mistakes of the most frequent class (Goodman and
    Kruskal's lambda, held out). A quantity is told by line segments through the bins' means, and scored by
    R². 1 tells everything; 0 is no better than the constant, and so is anything below.

    It sees no leak that takes two columns, and can't tell a leak from a feature that is honestly that good.

    Returns:
        `column` and `skill`, whose lower one-sided bound holds for all columns at once (Bonferroni).
    """
    blind = rows.schema
    if blind.modality != "tabular" or not blind.features:
        return []
    train = rows.splits["train"]
    held = pa.concat_tables([rows.splits["validation"], rows.splits["test"]])
    fitted = Preprocessor.fit(train, blind)
    (known, codes), (asked, asked_codes) = fitted.raw(train), fitted.raw(held)
    target, truth = fitted.targets(train), fitted.targets(held)
    pairs: list[tuple[str, np.ndarray, np.ndarray]] = [
        (one.column, known[:, i], asked[:, i]) for i, one in enumerate(fitted.numeric)
    ]
    pairs += [
        (one.name, codes[:, i].astype(float), asked_codes[:, i].astype(float))
        for i, one in enumerate(fitted.categorical)
    ]
    tell = _told_value if blind.task == "regression" else _told_class
    score = _r_squared if blind.task == "regression" else _error_reduction
    best: dict[str, dict[str, Any]] = {}
    for name, seen, unseen in pairs:
        skill = score(truth, tell(seen, target, unseen), target, len(pairs), confidence)
        if skill is not None and (name not in best or skill["value"] > best[name]["value"]):
            best[name] = skill
    ranked = sorted(best, key=lambda name: -best[name]["value"])
    return [{"column": name, "skill": best[name]} for name in ranked]


def _binned(seen: np.ndarray, unseen: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Codes of both by quantiles of `seen`; NaN is a bin of its own."""
    known = seen[~np.isnan(seen)]
    values = np.unique(known)
    bins = max(2, min(_BINS, len(seen) // _ROWS_A_BIN))
    cuts = values[1:] if len(values) <= bins else np.unique(np.quantile(known, np.arange(1, bins) / bins))

    def code(column: np.ndarray) -> np.ndarray:
        return np.where(np.isnan(column), len(cuts) + 1, np.searchsorted(cuts, column, side="right"))

    return code(seen), code(unseen), len(cuts) + 2


def _told_class(seen: np.ndarray, target: np.ndarray, unseen: np.ndarray) -> np.ndarray:
    codes, asked, bins = _binned(seen, unseen)
    classes = int(target.max()) + 1
    counts = np.bincount(codes * classes + target, minlength=bins * classes).reshape(bins, classes)
    likely = np.where(counts.sum(axis=1) > 0, counts.argmax(axis=1), np.bincount(target).argmax())
    return likely[asked]


def _told_value(seen: np.ndarray, target: np.ndarray, unseen: np.ndarray) -> np.ndarray:
    codes, asked, bins = _binned(seen, unseen)
    rows = np.bincount(codes, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(codes, target, bins) / rows
        place = np.bincount(codes, np.nan_to_num(seen), bins) / rows
    mean = np.where(rows > 0, mean, target.mean())
    filled = np.flatnonzero((rows > 0) & (np.arange(bins) < bins - 1))
    missing = np.isnan(unseen)
    if not len(filled):
        return mean[asked]
    return np.where(missing, mean[-1], np.interp(unseen, place[filled], mean[filled]))


def _error_reduction(
    truth: np.ndarray, told: np.ndarray, target: np.ndarray, columns: int, confidence: float
) -> dict[str, Any] | None:
    n, wrong = len(truth), (told != truth).mean()
    plain = (truth != np.bincount(target).argmax()).mean()
    if plain == 0:
        return None
    rates = Proportions(value=np.array([wrong]), trials=np.array([float(n)]))
    (best, worst), (least, _) = (rates.limits(z) for z in tails(confidence))
    joint = rates.limits(pointwise(1 - (1 - GATE) / columns))[1]
    told_wrongly = (wrong, worst[0], best[0], joint[0], least[0])
    value, low, high, lower, upper = (max(0.0, 1 - float(rate) / plain) for rate in told_wrongly)
    return number(value, low, high, n, (lower, upper))


def _r_squared(
    truth: np.ndarray, told: np.ndarray, target: np.ndarray, columns: int, confidence: float
) -> dict[str, Any] | None:
    """R² with the delta method's interval of a ratio of two means."""
    n, off, plain = len(truth), (truth - told) ** 2, (truth - target.mean()) ** 2
    if plain.mean() == 0 or n < 3:
        return None
    ratio = off.mean() / plain.mean()
    error = (off - ratio * plain).std(ddof=1) / np.sqrt(n) / plain.mean()
    two, one = tails(confidence)
    joint = pointwise(1 - (1 - GATE) / columns)
    ends = (-two, two, -joint, one)
    low, high, lower, upper = (min(1.0, max(0.0, 1 - ratio + z * error)) for z in ends)
    return number(max(0.0, 1 - ratio), low, high, n, (lower, upper))
