"""The verdict, check by check, each interval drawn against its limit."""

from collections.abc import Mapping
from typing import Any

from ..charts.scale import Scale
from ..document import (
    Absent,
    Block,
    Cell,
    Column,
    Inline,
    Listing,
    Mark,
    Measure,
    Name,
    Prose,
    Row,
    Section,
    Strip,
    Table,
)
from ..figures import bound, deciding
from ..metrics import describe
from .absence import not_measured
from .sheet import sheet

__all__ = ["check_title", "gate"]

_RULE = (
    "A check passes only if the one-sided 95% bound that faces the limit is inside it, and fails only if "
    "the other bound is outside. In between, the evidence does not decide. Hatched: not allowed; upright "
    "tick: the bound."
)


def gate(report: Mapping[str, Any]) -> Section:
    """Limits of the policy and what the evidence says to each."""
    policy = report.get("policy")
    if policy is None:
        return Section("gate", "Gate", (not_measured(report, "/policy"),))
    columns = (
        Column("Check"),
        Column("Limit", "number"),
        Column("Value, 95% interval", "number"),
        Column("Deciding bound", "number"),
        Column("Against the limit", "chart"),
        Column("Verdict"),
    )
    rows = tuple(_row(check) for check in policy["checks"])
    blocks: list[Block] = [Prose(_RULE), Table(caption="Checks of the policy", columns=columns, rows=rows)]
    open_checks = [check for check in policy["checks"] if check["status"] != "pass" and check.get("reason")]
    if open_checks:
        blocks.append(
            Listing(
                tuple(
                    (*check_title(check), ": ", Name(check["reason"].rstrip("."), whole=True), ".")
                    for check in open_checks
                )
            )
        )
    if policy["waivers"]:
        blocks += [
            Prose("Waivers signed for this version:"),
            *sheet({"waivers": policy["waivers"]}),
        ]
    return Section("gate", "Gate", tuple(blocks))


def check_title(check: Mapping[str, Any]) -> tuple[Inline, ...]:
    """What a check asks: Selection rate, sex × race: Female × Black."""
    over = check.get("over") or ()
    columns = [over] if isinstance(over, str) else list(over)
    found: list[Inline] = [describe(check["metric"]).title]
    for index, column in enumerate(columns):
        found += [" × " if index else ", ", Name(column)]
    if check.get("group"):
        found += [": ", Name(check["group"])]
    return tuple(found)


def _row(check: Mapping[str, Any]) -> Row:
    unit = describe(check["metric"]).unit
    signs = {"min": "≥", "max": "≤"}
    limits = " and ".join(f"{signs[side]} {bound(value, unit)}" for side, value in check["limit"].items())
    measured: Cell = Absent("not measured")
    drawn: Cell = ""
    decides = ""
    if check.get("value") is not None:
        measured = Measure(check, unit)
        side, value = _deciding(check)
        decides = f"{signs[side]} {deciding(value, side, unit)}" if value is not None else ""
        ends = [check[key] for key in ("value", "low", "high") if check.get(key) is not None]
        drawn = Strip(check, _room(ends, list(check["limit"].values())), check["limit"], value)
    return Row((check_title(check), limits, measured, decides, drawn, Mark(check["status"])))


def _deciding(check: Mapping[str, Any]) -> tuple[str, float | None]:
    """Which one-sided bound decides: the one that faces the limit, or on a fail the other one.

    With two limits it is the bound on the side where less room is left.
    """
    lower, upper = check.get("one_sided") or (None, None)
    room = {
        side: (check["value"] - limit) * (1 if side == "min" else -1)
        for side, limit in check["limit"].items()
    }
    tight = min(room, key=lambda side: room[side])
    side = tight if check["status"] != "fail" else {"min": "max", "max": "min"}[tight]
    return side, lower if side == "min" else upper


def _room(ends: list[float], limits: list[float]) -> Scale:
    """An axis with air on both sides, so that neither the interval nor the limit sticks to an end."""
    low, high = min(*ends, *limits), max(*ends, *limits)
    pad = 0.25 * (high - low) or 0.1 * abs(high) or 0.1
    return Scale(low - pad, high + pad, ())
