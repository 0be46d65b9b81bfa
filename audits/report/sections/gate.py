"""The verdict, check by check, each interval drawn against its limit."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..charts.scale import Scale
from ..document import (
    Absent,
    Block,
    Cell,
    Code,
    Column,
    Fold,
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

__all__ = ["check_title", "gate", "waiver_line", "waiver_of"]

_RULE = (
    "A check passes only if the one-sided bound that faces the limit is inside it (at 95%, or the confidence "
    "beside the check), and fails only if the other bound is outside. In between, the evidence does not "
    "decide. Hatched: not allowed; upright tick: the bound."
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
    rows = tuple(_row(check, waiver_of(check, policy["waivers"])) for check in policy["checks"])
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
            Prose("Waivers of checks of this version. Each is a person's word; none is signed."),
            Listing(tuple(waiver_line(waiver) for waiver in policy["waivers"])),
        ]
    blocks += [Prose(line, small=True) for line in (*_compared(report), *_on_validation(policy))]
    sources = [check for check in policy["checks"] if check.get("source")]
    if sources:
        lines = tuple((*check_title(check), ": ", Name(check["source"], whole=True)) for check in sources)
        blocks.append(Fold("Where the limits come from", (Listing(lines),)))
    return Section("gate", "Gate", tuple(blocks))


def waiver_of(check: Mapping[str, Any], waivers: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The waiver that a check has, if it needs one."""
    if check["status"] == "pass":
        return None
    return next((w for w in waivers if w["check"] == {key: check.get(key) for key in w["check"]}), None)


def waiver_line(waiver: Mapping[str, Any]) -> tuple[Inline, ...]:
    """Who waived which check until when, and why."""
    by = (" waived by ", Name(waiver["name"]), f" until {waiver['until']}", ": ")
    signed = "." if waiver["signed"] else ". Not signed."
    return (*check_title(waiver["check"]), *by, Name(waiver["reason"].rstrip("."), whole=True), signed)


def _compared(report: Mapping[str, Any]) -> list[tuple[Inline, ...]]:
    """Which version each name meant when this one was compared with it."""
    return [
        (Name(asked), " was ", Name(f"{found['name']}@{found['version']}"), " when this was registered (",
         Code(found["identity"][:12]), f"): differences on the same {found['n']:,} rows, paired.")
        for asked, found in report.get("comparisons", {}).items()
    ]  # fmt: skip


def _on_validation(policy: Mapping[str, Any]) -> list[str]:
    if not any(check.get("split") == "validation" for check in policy["checks"]):
        return []
    return ["Validation rows were used for choosing (when to stop, the temperature): they flatter the model."]


def check_title(check: Mapping[str, Any]) -> tuple[Inline, ...]:
    """What a check asks: Selection rate, sex × race: Female × Black."""
    over = check.get("over") or ()
    columns = [over] if isinstance(over, str) else list(over)
    found: list[Inline] = [describe(check["metric"]).title]
    for index, column in enumerate(columns):
        found += [" × " if index else ", ", Name(column)]
    if check.get("group"):
        found += [": ", Name(check["group"])]
    for index, path in enumerate(check.get("requires", ())):
        found += [", " if index else ": ", Name(path)]
    if check.get("not_worse_than") is not None:
        found += [", less that of ", Name(check["not_worse_than"])]
    if check.get("split", "test") != "test":
        found.append(f", {check['split']} rows")
    if "confidence" in check:
        found.append(f", at {100 * check['confidence']:g}%")
    return tuple(found)


def _row(check: Mapping[str, Any], waiver: Mapping[str, Any] | None) -> Row:
    unit = describe(check["metric"]).unit
    signs = {"min": "≥", "max": "≤"}
    limits = " and ".join(f"{signs[side]} {bound(value, unit)}" for side, value in check["limit"].items())
    measured: Cell = Absent("evidence" if check.get("requires") else "not measured")
    drawn: Cell = ""
    decides = ""
    if check.get("value") is not None:
        measured = Measure(check, unit)
        side, value = _deciding(check)
        decides = f"{signs[side]} {deciding(value, side, unit)}" if value is not None else ""
        ends = [check[key] for key in ("value", "low", "high") if check.get(key) is not None]
        drawn = Strip(check, _room(ends, list(check["limit"].values())), check["limit"], value)
    waived = (f" (waived until {waiver['until']})",) if waiver else ()
    return Row(((*check_title(check), *waived), limits, measured, decides, drawn, Mark(check["status"])))


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
