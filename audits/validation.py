"""What a policy may ask: every wrong check is refused before anything runs."""

from collections.abc import Sequence
from math import isfinite

from ..platform.exceptions import SpecError, nearest
from .check import Check
from .metrics import GAPS, METRICS, Metric

__all__ = ["validate"]


def validate(policy: Sequence[Check], *, sensitive: Sequence[str], task: str | None = None) -> None:
    """Refuse checks that no report could answer, before anything runs.

    Args:
        policy: checks of a spec.
        sensitive: names of the sensitive columns.
        task: binary, multiclass or regression, where it is known yet.

    Raises:
        SpecError: unknown metric or column, no limit, a limit out of range, a gap without `over`.
    """
    for check in policy:
        metric = METRICS.get(check.metric)
        if metric is None:
            raise SpecError("unknown metric in policy", got=check.metric, mend=nearest(check.metric, METRICS))
        if task is not None and task not in metric.tasks:
            fitting = nearest(check.metric, (name for name, known in METRICS.items() if task in known.tasks))
            raise SpecError(
                f"{check.metric} does not exist for a {task} task", got=check.metric, mend=fitting
            )
        _check_limits(check, metric)
        _check_groups(check, metric, sensitive)


def _check_limits(check: Check, metric: Metric) -> None:
    limits = [limit for limit in (check.min, check.max) if limit is not None]
    if not limits:
        raise SpecError(f"the check of {check.metric} has no limit", expected="min, max, or both")
    low, high = metric.range
    for limit in limits:
        if not (isfinite(limit) and low <= limit <= high):
            raise SpecError(
                f"the limit of {check.metric} is out of its range",
                got=limit,
                expected=f"a number from {low:g} to {high:g}",
            )
    if check.min is not None and check.max is not None and check.min > check.max:
        raise SpecError(
            f"the limits of {check.metric} exclude everything", got=f"min {check.min}, max {check.max}"
        )


def _check_groups(check: Check, metric: Metric, sensitive: Sequence[str]) -> None:
    for column in check.columns:
        if column not in sensitive:
            raise SpecError(
                f"{check.metric} is asked over a column that is not sensitive",
                got=column,
                expected="a column of data.sensitive",
                mend=nearest(column, sensitive) if sensitive else "name it in data.sensitive",
            )
    of_groups = {"group", "calibration"} & set(metric.sections)
    compared = GAPS.keys() & set(metric.sections)
    if not check.columns and not {"performance", "calibration", "carbon"} & set(metric.sections):
        raise SpecError(
            f"{check.metric} needs groups",
            got="no over",
            expected="over: a sensitive column, or a list of them",
        )
    if check.columns and not of_groups and not compared:
        raise SpecError(
            f"{check.metric} is not measured by group", got=f"over: {check.over}", mend="leave over out"
        )
    if check.group is not None and (not check.columns or compared):
        raise SpecError(f"{check.metric} can't be asked of one group", got=f"group: {check.group}")
    if "calibration" in metric.sections and len(check.columns) > 1:
        raise SpecError(f"{check.metric} is not measured in intersections", got=f"over: {check.over}")
