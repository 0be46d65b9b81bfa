"""What a policy may ask: every wrong check is refused before anything runs."""

from collections.abc import Sequence
from math import isfinite

from ..platform.exceptions import SpecError, nearest
from .check import EVIDENCE, Check
from .evidence import check_path
from .metrics import GAPS, GROUPED, METRICS, ROOMS, Metric

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
        if check.requires or check.metric == EVIDENCE:
            _check_evidence(check, sensitive)
            continue
        metric = METRICS.get(check.metric)
        if metric is None:
            raise SpecError("unknown metric in policy", got=check.metric, mend=nearest(check.metric, METRICS))
        if task is not None and task not in metric.tasks:
            fitting = nearest(check.metric, (name for name, known in METRICS.items() if task in known.tasks))
            raise SpecError(
                f"{check.metric} does not exist for a {task} task", got=check.metric, mend=fitting
            )
        _check_limits(check, metric)
        _check_confidence(check)
        _check_rows(check, metric)
        _check_groups(check, metric, sensitive)


def _check_evidence(check: Check, sensitive: Sequence[str]) -> None:
    if not check.requires:
        raise SpecError(
            "a check of the policy asks nothing", expected="`metric:` with a limit, or `requires:`"
        )
    if check != Check(requires=check.requires, source=check.source):
        raise SpecError(
            "required evidence has no limits, groups or metric of its own",
            got=f"requires: {', '.join(check.requires)}, and more",
            mend="write the limit as a check of its own",
        )
    for path in check.requires:
        check_path(path, sensitive=sensitive)


def _check_confidence(check: Check) -> None:
    if not 0.5 < check.confidence < 1:
        raise SpecError(
            f"the confidence of the check of {check.metric} is out of its range",
            got=check.confidence,
            expected="a number between 0.5 and 1, such as 0.99",
        )


def _check_rows(check: Check, metric: Metric) -> None:
    """What can be asked of validation rows, and of another version."""
    named = f"not_worse_than: {check.not_worse_than}" if check.not_worse_than is not None else ""
    special = named or (f"split: {check.split}" if check.split != "test" else "")
    if special and ("performance" not in metric.sections or check.columns):
        raise SpecError(
            f"{check.metric} can't be asked so",
            got=special if not check.columns else f"{special}, over: {check.over}",
            expected="a metric of performance, without `over`: gaps and calibration are measured on the "
            "test rows of this version alone",
        )
    if named and (check.split != "test" or check.min is not None or check.max is not None):
        raise SpecError(
            f"the check of {check.metric} asks two things",
            got=f"{named} beside min, max or split",
            mend="write two checks",
        )
    if named and metric.better == "neither":
        raise SpecError(f"{check.metric} has no better and worse", got=named)
    if not named and check.by != 0:
        raise SpecError(f"`by` of {check.metric} belongs to not_worse_than", got=f"by: {check.by:g}")
    if not (isfinite(check.by) and check.by >= 0):
        raise SpecError(f"`by` of {check.metric} is out of its range", got=check.by, expected="0 or more")


def _check_limits(check: Check, metric: Metric) -> None:
    if check.not_worse_than is not None:
        return
    limits = [limit for limit in (check.min, check.max) if limit is not None]
    if not limits:
        raise SpecError(
            f"the check of {check.metric} has no limit", expected="min, max, both, or not_worse_than"
        )
    if check.metric == "epsilon_lower" and check.min is not None:
        raise SpecError(
            "the check of epsilon_lower asks for a weak model",
            got=f"min {check.min:g}",
            expected="max: an attack that shows little proves nothing, one that shows much refutes",
        )
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
    of_groups = {"group", *GROUPED.values()} & set(metric.sections)
    compared = GAPS.keys() & set(metric.sections)
    if not check.columns and not set(ROOMS) & set(metric.sections):
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
    if set(GROUPED.values()) & set(metric.sections) and len(check.columns) > 1:
        raise SpecError(f"{check.metric} is not measured in intersections", got=f"over: {check.over}")
