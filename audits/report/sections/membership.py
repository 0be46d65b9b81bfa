"""Who an attack finds: ROC on log axes, areas and shares found, group by group."""

from collections.abc import Callable, Mapping
from typing import Any

from ....platform.privacy.config import CLIENT
from ...findings import pointer
from ...privacy.odds import largest_share_found
from ..charts.attack_roc import attack_roc
from ..charts.scale import Scale, scale_over
from ..document import (
    Absent,
    Block,
    Column,
    Count,
    Figure,
    Fold,
    Heading,
    Inline,
    Measure,
    Name,
    Prose,
    Row,
    Strip,
    Table,
)
from ..figures import figure, interval
from ..pointers import tokens
from .absence import reason
from .sheet import LONGEST, title

__all__ = ["CHANCE", "attack_title", "membership"]

CHANCE = 0.5
"""Area under the curve of an attack that only guesses."""

_TITLES = {"loss_threshold": "Loss threshold", "lira": "Likelihood ratio (LiRA)"}
_LINES = ("solid", "dashed", "dotted")
_LEAST = 1e-4  # p-values below are told as such
_SOLID = "\u00a0"  # a space at which no line breaks
_PLACE = "/privacy/audited/membership"
_OPENING = (
    "An attacker who sees the model's outputs guesses which rows it was trained on. Members are train "
    "rows, the others are test rows; both must come from one population. An area of 0.5 is chance. "
    "Dangerous is who is found with hardly a false alarm: that shows at the left of log axes, not in the "
    "area. An attack that fails proves nothing."
)


def attack_title(name: str) -> str:
    """An attack as a reader meets it."""
    return _TITLES.get(name, title(name))


def membership(report: Mapping[str, Any], found: Mapping[str, Any]) -> list[Block]:
    """All attacks on one picture and in one table, then each one's groups."""
    attacks = found.get("audited", {}).get("membership", {})
    if not attacks:
        why = reason(report, _PLACE)
        return [Heading("Who an attack finds"), Prose((Name(why, whole=True),))] if why else []
    blocks: list[Block] = [Heading("Who an attack finds"), Prose(_OPENING)]
    curves = {name: held["roc"] for name, held in attacks.items() if held.get("roc")}
    if curves:
        blocks.append(Figure(attack_roc(list(curves.values()), _allowed(found)), _caption(curves, found)))
    blocks += _tables(report, attacks)
    for index, (name, held) in enumerate(attacks.items()):
        groups = [_groups(report, name, column, part) for column, part in held.get("attributes", {}).items()]
        found_in: tuple[Block, ...] = tuple(block for part in groups for block in part)
        if index and found_in:
            blocks.append(Fold(f"{attack_title(name)}, by group", found_in))
        else:
            blocks += found_in
    return blocks


def _allowed(found: Mapping[str, Any]) -> Callable[[float], float] | None:
    """The largest true positive rate that the claim leaves at a false positive rate.

    None where nothing is claimed, or for clients: a row that is left out changes a client's update for
    another one, which is not what is claimed.
    """
    held = found.get("claimed")
    if held is None or held.get("unit") == CLIENT:
        return None
    return lambda rate: largest_share_found(rate, held["epsilon"], held["delta"])


def _caption(curves: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[Inline, ...]:
    named = [f"{how}: {attack_title(name)}" for how, name in zip(_LINES, curves, strict=False)]
    said: tuple[Inline, ...] = (Name("; ".join(named), whole=True), "; thin dots: chance")
    return (*said, "; hatched: more than the claimed ε allows") if _allowed(found) else said


def _tables(report: Mapping[str, Any], attacks: Mapping[str, Any]) -> list[Block]:
    """Areas on one axis, then the shares found at each rate on one each; what no attack has is said below."""
    rows = _measured(report, attacks, "Area under the curve", ("mia_auc",), CHANCE)
    absent: list[Block] = []
    for rate in _rates(report, attacks):
        head = f"Share of members found at {100 * float(rate):g}% false alarms"
        if any(rate in held.get("mia_tpr", ()) for held in attacks.values()):
            rows += _measured(report, attacks, head, ("mia_tpr", rate), float(rate))
        else:
            why = reason(report, _PLACE + pointer(next(iter(attacks)), "mia_tpr", rate)) or "not measured"
            absent.append(Prose((f"{head}: ", Name(why, whole=True), "."), small=True))
    columns = (
        Column("Attack"),
        Column("Members", "number"),
        Column("Others", "number"),
        Column("Value, 95% interval", "number"),
        Column("", "chart"),
    )
    caption = "Membership attacks; the upright tick is chance"
    return [Table(caption=caption, columns=columns, rows=tuple(rows)), *absent]


def _rates(report: Mapping[str, Any], attacks: Mapping[str, Any]) -> list[str]:
    """False positive rates that were asked for, whether they could be had or not, the largest first."""
    rates = {rate for held in attacks.values() for rate in held.get("mia_tpr", ())}
    for name in attacks:
        place = _PLACE + pointer(name, "mia_tpr") + "/"
        rates |= {key.removeprefix(place) for key in report["missing"] if key.startswith(place)}
    return sorted(rates, key=float, reverse=True)


def _measured(
    report: Mapping[str, Any], attacks: Mapping[str, Any], head: str, keys: tuple[str, ...], chance: float
) -> list[Row]:
    """One number of every attack, or why there is none."""
    numbers = {name: _at(held, keys) for name, held in attacks.items()}
    scale = _scale([number for number in numbers.values() if number], chance)
    rows = [Row((head, scale), "group")]
    for name, number in numbers.items():
        label: tuple[Inline, ...] = (Name(attack_title(name)),)
        if number is None:
            why = reason(report, _PLACE + pointer(name, *keys)) or "not measured"
            rows.append(Row((label, "", "", Absent(why), "")))
        else:
            drawn = Strip(number, scale, bound=chance)
            rows.append(Row((label, *_sizes(number), Measure(number, "share"), drawn)))
    return rows


def _at(held: Any, keys: tuple[str, ...]) -> Mapping[str, Any] | None:
    for key in keys:
        held = held.get(key, {})
    return held or None


def _sizes(number: Mapping[str, Any]) -> tuple[Any, Any]:
    """Members and others, as far as the number tells them."""
    others = number.get("others")
    members = number.get("members", None if others is None else number["n"] - others)
    return ("" if members is None else Count(members), "" if others is None else Count(others))


def _scale(numbers: list[Mapping[str, Any]], chance: float) -> Scale:
    ends = [number[end] for number in numbers for end in ("low", "value", "high")]
    return scale_over(ends, include=(chance,))


def _groups(report: Mapping[str, Any], attack: str, column: str, held: Mapping[str, Any]) -> list[Block]:
    """Each group's area, and why a group has none; a group stands out only if its own test says so."""
    areas = {name: group["mia_auc"] for name, group in held["groups"].items()}
    absent = _absent_groups(report, attack, column)
    scale = _scale(list(areas.values()), CHANCE)
    rows = [
        Row(((Name(name),), *_sizes(area), Measure(area, "share"), _stands_out(held["groups"][name]),
             Strip(area, scale, bound=CHANCE)))
        for name, area in areas.items()
    ]  # fmt: skip
    rows += [Row(((Name(name),), "", "", "", Absent(why), ""), "soft") for name, why in absent.items()]
    columns = (
        Column("Group"),
        Column("Members", "number"),
        Column("Others", "number"),
        Column("Area, 95% interval", "number"),
        Column("Against the others"),
        Column("", "chart", scale),
    )
    more = len(rows) - LONGEST
    caption: tuple[Inline, ...] = (f"{attack_title(attack)}: area by ", Name(column), "; the tick is chance")
    caption += (f"; {more} more groups in report.json",) if more > 0 else ()
    return [Table(caption=caption, columns=columns, rows=tuple(rows[:LONGEST])), *_gap(held, column)]


def _absent_groups(report: Mapping[str, Any], attack: str, column: str) -> dict[str, str]:
    """Reasons by group."""
    place = _PLACE + pointer(attack, "attributes", column, "groups")
    depth = len(tokens(place))
    return {tokens(key)[depth]: why for key, why in report["missing"].items() if key.startswith(place + "/")}


def _stands_out(group: Mapping[str, Any]) -> str:
    if "p_value" not in group:
        return ""
    p_value = group["p_value"]
    exact = f"p = {p_value:.2f}" if p_value >= 0.01 else f"p = {p_value:.1g}"
    told = f"p < {_LEAST:g}" if p_value < _LEAST else exact
    unbroken = told.replace(" ", _SOLID)
    return f"stands out, {unbroken}" if group["flagged"] else unbroken


def _gap(held: Mapping[str, Any], column: str) -> list[Block]:
    gap = held.get("difference")
    if gap is None:
        return []
    between = gap.get("between", ["", ""])
    return [
        Prose(
            (
                "The largest gap between areas by ", Name(column),
                f" is {figure(gap, 'share')} ({interval(gap, 'share')}, simultaneous), between ",
                Name(between[0]), " and ", Name(between[1]), ".",
            ),
            small=True,
        )
    ]  # fmt: skip
