"""Gates: does a report keep to a policy? Pass, fail, or inconclusive where the evidence does not decide.

A check passes only if its one-sided bound (at 95%, or the check's own `confidence`) is inside the limit, and
fails only if the other one-sided bound is outside; a policy passes only if every check does. With a true
value on the limit `pass` is given at most 5% of the time, and joining checks needs no correction: to pass
wrongly, the one check that is truly violated must pass (intersection-union test; Berger, 1982, Technometrics
24(4)).

Whatever is not known counts against passing: a number that is missing, a group too small to be compared, a
policy without checks. None of these counts as failing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import Any

from .check import DEFAULT_CONFIDENCE, Check, CheckResult, Status, Verdict
from .evidence import lacking
from .findings import pointer
from .metrics import GAPS, GROUPED, METRICS, ROOMS
from .privacy import gates as privacy
from .validation import validate

__all__ = ["METRICS", "Check", "CheckResult", "Status", "Verdict", "evaluate", "validate"]

_WORST_FIRST: tuple[Status, ...] = ("fail", "inconclusive", "pass")


def evaluate(policy: Sequence[Check], report: Mapping[str, Any]) -> Verdict:
    """Judge a report by a policy.

    Args:
        policy: checks, as validated.
        report: report.json as a dict; only its numbers and its `missing` are read.

    Returns:
        Fail if any check fails, else inconclusive if any is, else pass. A policy without checks is
        inconclusive: nothing was decided.
    """
    results = tuple(_judge(check, report) for check in policy)
    count: dict[Status, int] = {status: sum(r.status == status for r in results) for status in _WORST_FIRST}
    if not results:
        return Verdict(status="inconclusive", reason="no policy: nothing was decided")
    reason = ", ".join(f"{n} {status}" for status, n in count.items() if n)
    status: Status = next(status for status in _WORST_FIRST if count[status])
    return Verdict(status=status, reason=f"of {len(results)} checks: {reason}", checks=results)


def _judge(check: Check, report: Mapping[str, Any]) -> CheckResult:
    """The worst of all the numbers that the check asks for."""
    if check.requires:
        return _required(check, report)
    readings = [_read(check, report, place) for place in _places(check, report)]
    if not readings:
        return CheckResult(check=check, status="inconclusive", reason=_absence(report, _home(check)))
    worst = min(readings, key=lambda result: (_WORST_FIRST.index(result.status), _slack(result)))
    same = sum(result.status == worst.status for result in readings)
    if worst.status == "pass" and (lost := _lost(check, report)):
        return replace(
            worst, status="inconclusive", reason=f"no test row is of these groups of train: {lost}"
        )
    return worst if same == 1 else replace(worst, reason=f"{worst.reason} (worst of {same} {_plural(check)})")


def _plural(check: Check) -> str:
    return "groups" if check.columns else "attacks"


def _private(check: Check) -> bool:
    return "privacy" in METRICS[check.metric].sections


def _lost(check: Check, report: Mapping[str, Any]) -> str:
    """Groups of the check's columns that were trained on and can't be judged: no test row is of them."""
    if check.group is not None:
        return ""
    absent = _at(report, ("data", "audit", "absent_groups")) or {}
    return ", ".join(group for column in check.columns for group in absent.get(column, ()))


def _required(check: Check, report: Mapping[str, Any]) -> CheckResult:
    """Evidence is there or it isn't: what isn't there has not failed."""
    reasons = lacking(check.requires, report)
    if reasons:
        return CheckResult(check=check, status="inconclusive", reason="; ".join(reasons))
    return CheckResult(check=check, status="pass", reason="the evidence is in the report")


def _home(check: Check) -> tuple[str, ...]:
    """Where the numbers of a check stand: of groups, the place that holds them."""
    sections = METRICS[check.metric].sections
    if check.not_worse_than is not None:
        return "comparisons", str(check.not_worse_than), "performance", check.metric
    if check.split == "validation":
        return "performance", "validation", "metrics", check.metric
    if not check.columns:
        room = next(of for of in ROOMS if of in sections)
        return (room, check.metric) if room == "carbon" else (room, "metrics", check.metric)
    room = next((room for room, of in GROUPED.items() if of in sections), None)
    if room is not None:
        return room, "groups", check.columns[0]
    kind = "attributes" if len(check.columns) == 1 else "intersections"
    home = "fairness", kind, " × ".join(check.columns)
    gap = next((GAPS[of] for of in sections if of in GAPS), None)
    return (*home, gap, check.metric) if gap else (*home, "groups")


def _places(check: Check, report: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Places of all numbers that a check asks for; none where the groups themselves are absent."""
    if _private(check):
        yield from privacy.places(check, report)
        return
    home = _home_in(report, _home(check), check.columns)
    if not check.columns or home[-1] == check.metric:
        yield home
    else:
        groups = (check.group,) if check.group is not None else (_at(report, home) or {})
        yield from ((*home, group, "metrics", check.metric) for group in groups)


def _home_in(report: Mapping[str, Any], home: tuple[str, ...], columns: tuple[str, ...]) -> tuple[str, ...]:
    """The same place, where the report names the intersection's columns in another order."""
    if len(columns) < 2:
        return home
    known = _at(report, home[:2]) or {}
    name = next((name for name in known if sorted(name.split(" × ")) == sorted(columns)), home[2])
    return (*home[:2], name, *home[3:])


def _read(check: Check, report: Mapping[str, Any], place: tuple[str, ...]) -> CheckResult:
    """Judge the number at one place."""
    number = _number(report, place)
    if number is None:
        return CheckResult(check=check, status="inconclusive", reason=_absence(report, place))
    bounds = _bounds(check, number)
    if bounds is None:
        unmeasured = f"no bounds at {_percent(check)} confidence were measured"
        return CheckResult(check=check, status="inconclusive", reason=unmeasured, pointer=pointer(*place))
    status, reason = _compare(check, bounds[0], bounds[1])
    if _private(check):
        status, reason = privacy.answer(check, report) or (status, reason)
    doubt = _doubt(report, place)
    if doubt and status == "pass":
        status, reason = "inconclusive", doubt
    return CheckResult(
        check=check,
        status=status,
        reason=reason,
        pointer=pointer(*place),
        value=number["value"],
        low=number.get("low"),
        high=number.get("high"),
        one_sided=(bounds[0], bounds[1]) if "one_sided" in number else None,
    )


def _bounds(check: Check, number: Mapping[str, Any]) -> Sequence[float | None] | None:
    """The one-sided bounds at the check's confidence; a range that no sample made holds at any."""
    if "one_sided" not in number:
        return number.get("low"), number.get("high")
    if check.confidence == DEFAULT_CONFIDENCE:
        return number["one_sided"]
    return number.get("one_sided_at", {}).get(f"{check.confidence:g}")


def _number(report: Mapping[str, Any], place: tuple[str, ...]) -> Mapping[str, Any] | None:
    """The number at one place; energy that is metered, not estimated, has no interval."""
    found = _at(report, place)
    if isinstance(found, int | float):
        return dict.fromkeys(("value", "low", "high"), found)
    return found if isinstance(found, Mapping) and "value" in found else None


def _compare(check: Check, lower: float | None, upper: float | None) -> tuple[Status, str]:
    """Status of an interval against the limits; an unknown bound is unbounded."""
    least, most = -inf if lower is None else lower, inf if upper is None else upper
    limits, sure = check.limits, f"with {_percent(check)} confidence"
    lowest, highest = limits.get("min", -inf), limits.get("max", inf)
    if least > highest:
        return "fail", f"at least {least:.4g} {sure}, above {highest:g}"
    if most < lowest:
        return "fail", f"at most {most:.4g} {sure}, below {lowest:g}"
    if "max" in limits and not most <= highest:
        return "inconclusive", f"may be as high as {most:.4g}, above {highest:g}"
    if "min" in limits and not least >= lowest:
        return "inconclusive", f"may be as low as {least:.4g}, below {lowest:g}"
    kept = " and ".join(f"{side} {limit:g}" for side, limit in limits.items())
    return "pass", f"within {kept} {sure}"


def _percent(check: Check) -> str:
    return f"{100 * check.confidence:g}%"


def _doubt(report: Mapping[str, Any], place: tuple[str, ...]) -> str | None:
    """Why a number inside its limit must not pass: it leaves groups out, or its group is too small."""
    if place[-2] in GAPS.values():
        left_out = (_at(report, place) or {}).get("excluded", ())
        return f"{len(left_out)} groups have too few rows to be compared" if left_out else None
    if place[-2] == "metrics" and len(place) > 3 and (_at(report, place[:-2]) or {}).get("small"):
        return f"the group {place[-3]} has too few rows"
    return None


def _absence(report: Mapping[str, Any], place: tuple[str, ...]) -> str:
    """The report's reason for what is not there: of the place itself, or of the nearest one around it."""
    missing = report.get("missing", {})
    for depth in range(len(place), 0, -1):
        if pointer(*place[:depth]) in missing:
            return f"not measured: {missing[pointer(*place[:depth])]}"
    return f"not measured: the report has no {'/'.join(place)}"


def _slack(result: CheckResult) -> float:
    """How far the value lies inside the limits; negative outside, least of all where there is no value."""
    limits, value = result.check.limits, result.value
    if value is None:
        return -inf
    return min(limits.get("max", inf) - value, value - limits.get("min", -inf))


def _at(report: Any, place: Sequence[str]) -> Any:
    """What stands at a place, or None."""
    for key in place:
        if not isinstance(report, Mapping) or key not in report:
            return None
        report = report[key]
    return report
