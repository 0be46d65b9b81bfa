"""How rows came out, as numbers with intervals: over all of them, in each group, and at their worst."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import ndtri

from ..fairness.groups import encode
from ..findings import Findings, number, pointer
from ..intervals import GATE, Estimates, Means, Proportions, means, tails

__all__ = ["Marks", "by_group", "overall", "worst", "worst_of"]

Kind = Literal["hit", "share", "amount"]


@dataclass(frozen=True, kw_only=True)
class Marks:
    """One mark a row: how it came out.

    `values` is `(n,)`, NaN where a row does not count. A `hit` is 0 or 1 and has exact limits; a `share` lies
    in [0, 1] and an `amount` is 0 or more: their means have Student's limits.
    """

    values: np.ndarray
    kind: Kind = "hit"

    def estimates(self, codes: np.ndarray, groups: int, weight: np.ndarray) -> Proportions | Means:
        """Means of groups; every group must hold a row that counts."""
        counts = np.isfinite(self.values)
        values, codes, weight = self.values[counts], codes[counts], weight[counts]
        if self.kind != "hit":
            return means(values, codes, groups, weight, positive=self.kind == "amount")
        sums = [np.bincount(codes, w * v, groups) for w in (weight, weight**2) for v in (values, 1 - values)]
        return Proportions.weighted(*sums)


def overall(marks: Marks, weight: np.ndarray, confidence: float) -> dict[str, Any] | None:
    """The mean mark, or None where no row counts or one row alone has no interval."""
    return _in_groups(marks, np.zeros(len(weight), dtype=np.int64), 1, weight, confidence)[0]


def worst(
    marks: list[Marks], weight: np.ndarray, confidence: float, *, lowest: bool = True
) -> dict[str, Any]:
    """The worst of several conditions that the same rows went through.

    Args:
        marks: one for each condition, without NaN.
        weight: `(n,)`.
        confidence: of the two-sided interval.
        lowest: whether low is bad.
    """
    codes = np.zeros(len(weight), dtype=np.int64)
    estimates = [each.estimates(codes, 1, weight) for each in marks]
    return worst_of(estimates, len(weight), confidence, kind=marks[0].kind, lowest=lowest)


def worst_of(
    estimates: Sequence[Estimates], rows: int, confidence: float, *, kind: Kind = "hit", lowest: bool = True
) -> dict[str, Any]:
    """The worst of several estimates, each of shape `(1,)`.

    The bound towards worse is the worst of their own bounds: to miss, the bound of the one that is truly
    worst must miss (intersection-union, as for gaps). The bound towards better must hold for all at once, for
    which it takes Bonferroni's share of the error.
    """
    sign, bad_side = (1, 0) if lowest else (-1, 1)

    def bounds(level: float) -> tuple[float, float]:
        toward, away = float(ndtri(level)), float(ndtri(1 - (1 - level) / len(estimates)))
        bad = sign * min(sign * float(each.limits(toward)[bad_side][0]) for each in estimates)
        good = sign * min(sign * float(each.limits(away)[1 - bad_side][0]) for each in estimates)
        low, high = (bad, good) if lowest else (good, bad)
        return _clip(low, kind), _clip(high, kind)

    value = sign * min(sign * float(each.value[0]) for each in estimates)
    low, high = bounds((1 + confidence) / 2)
    return number(value, min(low, value), max(high, value), rows, bounds(GATE))


def by_group(
    sensitive: Mapping[str, np.ndarray],
    metrics: Mapping[str, Marks],
    weight: np.ndarray,
    *,
    minimum: int,
    confidence: float,
    everyone: Mapping[str, np.ndarray] | None = None,
) -> Findings:
    """`{column: {group: {n, small, metrics}}}`, each metric over the rows of the group that count.

    Args:
        sensitive: `(n,)` group of each row, by column.
        metrics: marks of the rows.
        weight: `(n,)`.
        minimum: rows below which a group is small.
        confidence: of two-sided intervals.
        everyone: groups of all test rows, where the rows are a sample of them. `n` and `small` are then about
            these, and a metric is missing where the sample alone is what makes a group small.
    """
    columns = {}
    for column, values in sensitive.items():
        groups = encode(column, values)
        whole = groups if everyone is None else encode(column, everyone[column])
        sampled = dict(zip(groups.names, groups.sizes.tolist(), strict=True))
        found: dict[str, Any] = {
            name: {"n": int(size), "small": bool(size < minimum), "metrics": {}}
            for name, size in zip(whole.names, whole.sizes, strict=True)
        }
        missing = {}
        for metric, marks in metrics.items():
            measured = _in_groups(marks, groups.codes, len(groups), weight, confidence)
            numbers = dict(zip(groups.names, measured, strict=True))
            for name, held in found.items():
                rows = sampled.get(name, 0)
                if rows < min(minimum, held["n"]):
                    why = f"fewer than {minimum} of its rows are in the sample"
                    missing[pointer(name, "metrics", metric)] = why
                elif numbers[name] is None:
                    missing[pointer(name, "metrics", metric)] = "too few rows of this group count"
                else:
                    held["metrics"][metric] = numbers[name]
        columns[column] = Findings(values=found, missing=missing)
    return Findings.gather(columns)


def _in_groups(
    marks: Marks, codes: np.ndarray, groups: int, weight: np.ndarray, confidence: float
) -> list[dict[str, Any] | None]:
    """A number for each group, None where it has no finite interval."""
    counts = np.isfinite(marks.values) & (weight > 0)
    rows = np.bincount(codes[counts], minlength=groups)
    present = np.flatnonzero(rows)
    numbers: list[dict[str, Any] | None] = [None] * groups
    if not len(present):
        return numbers
    rank = np.searchsorted(present, codes)
    kept = Marks(values=marks.values[counts], kind=marks.kind)
    found = kept.estimates(rank[counts], len(present), weight[counts])
    ends = [found.limits(z) for z in tails(confidence)]
    for i, group in enumerate(present.tolist()):
        (low, high), (lower, upper) = ((_clip(float(end[i]), marks.kind) for end in pair) for pair in ends)
        value = float(found.value[i])
        if np.isfinite([value, low, high]).all():
            numbers[group] = number(
                value, min(low, value), max(high, value), int(rows[group]), (lower, upper)
            )
    return numbers


def _clip(bound: float, kind: Kind) -> float:
    return bound if kind == "amount" else min(1.0, max(0.0, bound))
