"""What privacy cost: a private model beside others on the same split and seed, overall and group by group.

Bagdasaryan, Poursaeed & Shmatikov, "Differential Privacy Has Disparate Impact on Model Accuracy" (2019),
https://arxiv.org/abs/1905.12101: clipping and noise cost most accuracy where rows are few or hard. So the
cost is told for every group, and whether the gap between groups grew.

Models are compared on the same test rows, and their intervals are paired. They speak of these models and of
the population that the rows are from. They don't speak of training again: other noise gives another model,
and how much that moves the numbers only several seeds can tell.
"""

from collections.abc import Mapping
from typing import Any

from ..config import AuditConfig
from ..findings import Findings, pointer
from ..performance import compare
from ..performance import measure as performance
from ..performance.statistic import interval
from ..predictions import Predictions
from .group_cost import GroupCosts, by_group, columns, metric

__all__ = ["NONE", "cost", "curve"]

NONE = "none"
"""How a report calls the epsilon of training without privacy."""


def cost(private: Predictions, plain: Predictions, config: AuditConfig) -> Findings:
    """A private model beside its twin that was trained without privacy.

    Args:
        private: of the test rows.
        plain: the twin's, of the same rows in the same order.
        config: of the audit.

    Returns:
        `twin`, `metrics{name: {private, plain, difference}}` with private minus plain as the difference, and
        by sensitive column, in `metric`, `groups{column: {group: {n, small, private, plain, cost}}}` and
        `gaps{column: {private, plain, change, of_costs}}`: see `GroupCosts`.
    """
    costs = {groups.name: GroupCosts.of(private, plain, groups, config) for groups in columns(private)}
    found = Findings.gather(
        {
            "metrics": _metrics(private, plain, config.confidence),
            "groups": Findings.gather({name: of.groups() for name, of in costs.items()}),
            "gaps": Findings.gather({name: of.gaps() for name, of in costs.items()}),
        }
    )
    facts = {"twin": {"epsilon": NONE}, "metric": metric(private)}
    return Findings(values=facts | found.values, missing=found.missing)


def curve(points: Mapping[float | None, Predictions], config: AuditConfig) -> list[dict[str, Any]]:
    """The privacy-utility curve: metrics of models that differ in their epsilon alone.

    Args:
        points: predictions of the same rows by epsilon; None is training without privacy.
        config: of the audit.

    Returns:
        `{epsilon, metrics{name: number}, groups{column: {group: number}}}` each, from the smallest epsilon
        up, none last; groups are measured as in `cost`.
    """
    ordered = sorted(points, key=lambda epsilon: float("inf") if epsilon is None else epsilon)
    return [{"epsilon": NONE if of is None else of, **_point(points[of], config)} for of in ordered]


def _point(predictions: Predictions, config: AuditConfig) -> dict[str, Any]:
    confidence = config.confidence
    groups: dict[str, dict[str, Any]] = {}
    for column in columns(predictions):
        measured = {
            name: interval(statistic, confidence=confidence)
            for name, statistic in by_group(predictions, column).items()
        }
        groups[column.name] = {name: number for name, number in measured.items() if number is not None}
    return {"metrics": performance(predictions, confidence=confidence).values["metrics"], "groups": groups}


def _metrics(private: Predictions, plain: Predictions, confidence: float) -> Findings:
    sides = {"private": private, "plain": plain}
    measured = {side: performance(of, confidence=confidence).values["metrics"] for side, of in sides.items()}
    between = compare(private, plain, confidence=confidence)
    found = Findings(missing=dict(between.missing))
    for name, difference in between.values.items():
        if all(name in metrics for metrics in measured.values()):
            found.values[name] = {side: metrics[name] for side, metrics in measured.items()}
            found.values[name]["difference"] = difference
        else:
            found.missing[pointer(name)] = "a single row has no spread from which an interval could be made"
    return found
