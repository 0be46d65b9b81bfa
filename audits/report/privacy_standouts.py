"""What stands out of privacy: broken promises first, then who is found."""

from collections.abc import Mapping
from typing import Any

from .document import Inline, Name
from .figures import count, figure, interval, plain
from .sections.membership import CHANCE, attack_title
from .sections.privacy_clients import drift
from .sections.privacy_loss import epsilon, strongest, verdict_on

__all__ = ["privacy_lines"]

_NAMED = 3

Line = tuple[Inline, ...]


def privacy_lines(found: Mapping[str, Any]) -> list[Line]:
    """A sentence each for a refuted claim, known noise, no bound or budget, drowned clients, who is found."""
    lines = [_refuted(found), _seeded(found), _unbounded(found), _unlimited(found), _drowned(found)]
    lines.append(_found(found))
    return [line for line in [*lines, *_exposed(found)] if line]


def _refuted(found: Mapping[str, Any]) -> Line:
    shown = strongest(found)
    if shown is None or verdict_on(found) != "fail":
        return ()
    claimed = found["claimed"]["epsilon"]
    sure = f"{100 * shown['confidence']:g}%"
    return (
        f"The privacy claim is refuted: an attack shows that ε is at least {epsilon(shown['value'])} with "
        f"{sure} confidence, and {epsilon(claimed)} was claimed.",
    )


def _seeded(found: Mapping[str, Any]) -> Line:
    claimed = found.get("claimed", {})
    if claimed.get("secret_noise", True):
        return ()
    return (
        f"Noise was seeded: ε = {epsilon(claimed['epsilon'])} holds against nobody who knows the seed, who "
        "can take the noise away.",
    )


def _unbounded(found: Mapping[str, Any]) -> Line:
    """Somebody trained on the same rows without privacy."""
    spent = found.get("cumulative", {})
    runs = [run for run in spent.get("runs", ()) if run["epsilon"] is None]
    if not runs or "claimed" not in found:
        return ()
    parts: list[Inline] = ["The same rows were trained on without privacy, and no ε bounds that: "]
    for index, run in enumerate(runs[:_NAMED]):
        who = "this version's own comparison" if run["mine"] else Name(run["version"])
        parts += [", ", who] if index else [who]
    return (*parts, "." if len(runs) <= _NAMED else f" and {len(runs) - _NAMED} more.")


def _unlimited(found: Mapping[str, Any]) -> Line:
    if "claimed" not in found or "cumulative" not in found or "budget" in found["cumulative"]:
        return ()
    return ("No budget limits what may be spent on these rows: the next version adds its ε to this one's.",)


def _drowned(found: Mapping[str, Any]) -> Line:
    """Noise moved the weights further than clients could have."""
    times = drift(found.get("claimed", {}))
    if times is None or times <= 1:
        return ()
    clients = count(found["claimed"]["clients_a_round"])
    return (
        f"Noise outweighs what clients teach: with {clients} of them expected in a round, it moves the "
        f"weights about {plain(times, 2)} times as far as they could.",
    )


def _found(found: Mapping[str, Any]) -> Line:
    """The attack that surely tells members best."""
    attacks = found.get("audited", {}).get("membership", {})
    areas = {name: held["mia_auc"] for name, held in attacks.items() if "mia_auc" in held}
    better = [name for name, area in areas.items() if area["low"] > CHANCE]
    if not better:
        return ()
    best = max(better, key=lambda name: areas[name]["value"])
    area = areas[best]
    return (
        f"Rows that were trained on can be told from others: area {figure(area, 'share')} "
        f"({interval(area, 'share')}), where 0.5 is chance, by the attack ",
        Name(attack_title(best)),
        ".",
    )


def _exposed(found: Mapping[str, Any]) -> list[Line]:
    """The group that is found most, if its own test says that it is found more than the others."""
    groups = [
        (group["mia_auc"], column, name)
        for attack in found.get("audited", {}).get("membership", {}).values()
        for column, part in attack.get("attributes", {}).items()
        for name, group in part["groups"].items()
        if group.get("flagged") and group["mia_auc"]["value"] > attack["mia_auc"]["value"]
    ]
    if not groups:
        return []
    area, column, name = max(groups, key=lambda held: held[0]["value"])
    return [
        (
            "Some are found more easily: rows with ", Name(column), " ", Name(name),
            f", area {figure(area, 'share')} ({interval(area, 'share')}).",
        )
    ]  # fmt: skip
