"""Where the numbers on privacy stand in a report, and what an attack says to a limit on epsilon.

A claimed epsilon is exact, so a limit on it would always be decided by the accountant alone. But the
accountant speaks of the mechanism that should have run: where an attack shows more than is claimed, the claim
is refuted, and no limit on it is kept.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ..check import Check
from ..findings import pointer
from .claims import ATTACKS, Reading, decisive, read_claim

__all__ = ["answer", "places"]

Place = tuple[str, ...]

_CLAIMS: Mapping[str, Place] = {
    "epsilon": ("privacy", "claimed"),
    "epsilon_cumulative": ("privacy", "cumulative"),
}
_AUDITED: Place = ("privacy", "audited")


def places(check: Check, report: Mapping[str, Any]) -> Iterator[Place]:
    """Places of all numbers that a check asks for; each attack that was asked for has one.

    Of `mia_tpr` it is the smallest false positive rate that was measured: the test rows may be too few for
    smaller ones.
    """
    if check.metric in _CLAIMS:
        yield (*_CLAIMS[check.metric], "epsilon")
    elif check.metric == "epsilon_lower":
        limit = check.limits.get("max", 0.0)
        yield (*_AUDITED, decisive(_shown(check, report), limit) or "epsilon_lower")
    else:
        attacks = _at(report, (*_AUDITED, "membership"))
        if not attacks:
            yield (*_AUDITED, "membership")
        for attack in attacks:
            yield from _of_attack(check, report, (*_AUDITED, "membership", attack))


def answer(check: Check, report: Mapping[str, Any]) -> tuple[Reading, str] | None:
    """What canaries say to a check of an epsilon; None where they don't decide."""
    shown = _shown(check, report)
    if check.metric == "epsilon_lower":
        name = decisive(shown, check.limits["max"])
        return None if name is None else read_claim(shown[name], check.limits["max"])
    claim = _at(report, _CLAIMS.get(check.metric, ("",)))
    name = decisive(shown, claim["epsilon"]) if "epsilon" in claim else None
    if name is None:
        return None
    # At a larger delta a smaller epsilon holds: two deltas can't be compared.
    if claim.get("delta", shown[name]["delta"]) > shown[name]["delta"]:
        return None
    status, reason = read_claim(shown[name], claim["epsilon"])
    return (status, f"refuted by an attack: {reason}") if status == "fail" else None


def _of_attack(check: Check, report: Mapping[str, Any], home: Place) -> Iterator[Place]:
    """Places of one attack; a group that is too small to be attacked has one too, with nothing in it."""
    if check.metric == "mia_tpr":
        asked = [f"{rate:g}" for rate in _at(report, (*_AUDITED, "settings")).get("rates", ())]
        smallest = sorted(_at(report, (*home, "mia_tpr")), key=float)[:1]
        yield (*home, "mia_tpr", *(smallest or sorted(asked, key=float)[-1:]))
    elif not check.columns:
        yield (*home, check.metric)
    else:
        inside = (*home, "attributes", check.columns[0], "groups")
        groups = (check.group,) if check.group is not None else _groups(report, inside)
        yield from ((*inside, group, check.metric) for group in groups)
        if not groups:
            yield inside


def _groups(report: Mapping[str, Any], inside: Place) -> list[str]:
    """Groups that were attacked, and those of which the report says why they weren't."""
    begin = pointer(*inside) + "/"
    tokens = (
        place.removeprefix(begin).split("/")[0]
        for place in report.get("missing", {})
        if place.startswith(begin)
    )
    small = [token.replace("~1", "/").replace("~0", "~") for token in tokens]
    return list(dict.fromkeys([*_at(report, inside), *small]))


def _shown(check: Check, report: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What attacks by canaries show at the check's confidence, by name; without what wasn't measured."""
    key, shown = f"{check.confidence:g}", {}
    for name in ATTACKS:
        found = _at(report, (*_AUDITED, name))
        if found and check.confidence == found["confidence"]:
            shown[name] = found
        elif key in found.get("one_sided_at", {}):
            beside = {"value": found["one_sided_at"][key][0], "detectable": found["detectable_at"][key]}
            shown[name] = {**found, **beside}
    return shown


def _at(report: Any, place: Place) -> Mapping[str, Any]:
    """What stands at a place; empty where nothing does."""
    for key in place:
        report = report.get(key, {}) if isinstance(report, Mapping) else {}
    return report
