"""Estimates of groups, written as the numbers of a report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..findings import Findings, number, pointer
from ..intervals import Estimates, Interval, pointwise, tails

__all__ = ["Comparison", "Metric", "Sizes", "compare", "describe"]


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Groups that are described: their names, rows, and which are too small to be compared."""

    names: tuple[str, ...]
    rows: np.ndarray
    """(groups,) number of rows."""
    minimum: int

    @property
    def large(self) -> np.ndarray:
        """(groups,) bool"""
        return self.rows >= self.minimum


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One rate, mean or area of every group."""

    estimates: Estimates
    needs: str
    """Which rows it rests on, for the sentence when a group has none."""
    rows: np.ndarray
    """(groups,) how many such rows there are."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One gap or ratio between groups."""

    families: Sequence[Metric]
    interval: Callable[..., Interval]
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Some:
    """Estimates of some of the groups."""

    of: Estimates
    groups: np.ndarray

    @property
    def value(self) -> np.ndarray:
        return self.of.value[..., self.groups]

    def limits(self, z: float) -> tuple[np.ndarray, np.ndarray]:
        lower, upper = self.of.limits(z)
        return lower[..., self.groups], upper[..., self.groups]


def describe(metrics: Mapping[str, Metric], sizes: Sizes, *, confidence: float) -> list[Findings]:
    """For each group, every metric as a number, or the reason why it has none."""
    found: list[Findings] = [Findings() for _ in sizes.names]
    for name, metric in metrics.items():
        (low, high), (lower, upper) = (metric.estimates.limits(z) for z in tails(confidence))
        measurable = _measurable(metric)
        for group, findings in enumerate(found):
            if measurable[group]:
                values = (float(of[group]) for of in (metric.estimates.value, low, high, metric.rows))
                bounds = float(lower[group]), float(upper[group])
                findings.values[name] = number(*values, one_sided=bounds)
            else:
                findings.missing[pointer(name)] = f"the group has too few {metric.needs}"
    return found


def compare(comparisons: Mapping[str, Comparison], sizes: Sizes, *, confidence: float) -> Findings:
    """Every gap as a number, or the reason why it has none.

    Groups below the minimum size, or without a row that a rate needs, are left out and listed under
    `excluded`: the gap over the others is a lower bound of the gap over all.
    """
    found = Findings()
    for name, comparison in comparisons.items():
        usable = [sizes.large & _measurable(metric) for metric in comparison.families]
        measured = _compare(comparison, usable, sizes, confidence)
        if isinstance(measured, str):
            found.missing[pointer(name)] = measured
            continue
        found.values[name] = measured
        left_out = np.flatnonzero(~np.all(usable, axis=0))
        if len(left_out):
            measured["excluded"] = [sizes.names[group] for group in left_out]
    return found


def _compare(
    comparison: Comparison, usable: Sequence[np.ndarray], sizes: Sizes, confidence: float
) -> dict[str, Any] | str:
    """One gap over the usable groups, or the reason why there is none."""
    if min(of.sum() for of in usable) < 2:
        return f"fewer than two groups have {sizes.minimum} rows and {comparison.families[0].needs}"
    kept = [_Some(metric.estimates, of) for metric, of in zip(comparison.families, usable, strict=True)]
    interval = comparison.interval(*kept, confidence=confidence, **comparison.options)
    if not np.isfinite(interval.value):
        return "every group's rate is 0, so there is no ratio"
    rows = int(sizes.rows[np.any(usable, axis=0)].sum())
    bounds = float(interval.one_sided[0]), float(interval.one_sided[1])
    return number(
        float(interval.value),
        float(interval.low),
        float(interval.high),
        rows,
        bounds,
        between=_furthest(kept, usable, sizes.names),
    )


def _measurable(metric: Metric) -> np.ndarray:
    """(groups,) whether value and limits are numbers."""
    lower, upper = metric.estimates.limits(pointwise(0.975))
    return np.isfinite(metric.estimates.value) & np.isfinite(lower) & np.isfinite(upper)


def _furthest(kept: Sequence[_Some], usable: Sequence[np.ndarray], names: tuple[str, ...]) -> list[str]:
    """Groups with the highest and the lowest value, in the family where they are furthest apart."""
    widest = int(np.argmax([np.ptp(family.value) for family in kept]))
    groups, value = np.flatnonzero(usable[widest]), kept[widest].value
    return [names[groups[np.argmax(value)]], names[groups[np.argmin(value)]]]
