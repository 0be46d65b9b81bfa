"""Epsilons side by side: what was claimed, what was spent in all, what an attack showed."""

from collections.abc import Mapping
from typing import Any, Literal

from ....platform.privacy.config import CLIENT
from ...privacy.claims import decisive, read_claim
from ..charts.scale import Scale, scale_over
from ..document import Absent, Block, Cell, Column, Inline, Name, Prose, Reach, Row, Table
from ..figures import count, plain
from .absence import reason

__all__ = ["chance", "epsilon", "losses", "strongest", "unit_of", "verdict_on"]

Privacy = Mapping[str, Any]

_TITLES = {
    "epsilon_lower": "Shown by an attack, at least",
    "epsilon_lower_black_box": "Shown by an attack on its outputs",
}


def epsilon(value: float) -> str:
    """A measured privacy loss: two decimals, or two digits where it is small."""
    return f"{value:,.2f}" if value >= 0.1 else plain(value, 2)


def chance(delta: float) -> str:
    """A delta as specs have it: 1e-5."""
    return f"{delta:.2g}".replace("e-0", "e-")


def unit_of(unit: str) -> tuple[Inline, ...]:
    """Whom a guarantee is for, in words."""
    if unit == "record":
        return ("one row",)
    if unit == CLIENT or unit.startswith(f"{CLIENT} #"):  # the ledger numbers the clients of one deal
        return ("one client with all of its train rows",)
    return ("all rows with one value of ", Name(unit))


def verdict_on(found: Privacy) -> Literal["fail", "inconclusive", "pass", "none"]:
    """What attacks say of the claim; `pass` is an attack that could have refuted it, and none that did."""
    claimed, shown = found.get("claimed"), strongest(found)
    if claimed is None or shown is None:
        return "none"
    return read_claim(shown, claimed["epsilon"])[0]


def strongest(found: Privacy) -> Privacy | None:
    """What the attack by canaries found that says most of the claim; None where none was made."""
    audited = found.get("audited", {})
    name = decisive(audited, found.get("claimed", {}).get("epsilon", 0.0))
    return None if name is None else audited[name]


def losses(report: Mapping[str, Any], found: Privacy) -> list[Block]:
    """The picture, a row an epsilon, and what the attack says of the claim."""
    scale = _scale(found)
    columns = (
        Column("Privacy loss ε"),
        Column("Value", "number"),
        Column("Beside it"),
        Column("", "chart", scale),
    )
    table = Table(
        caption="What was promised, what was spent, what an attack showed; smaller is better",
        columns=columns,
        rows=(
            *(row(report, found, scale) for row in (_claimed, _spent)),
            *(_shown(report, found, scale, name) for name in _attacks(report, found)),
        ),
        kept=True,
    )
    said = _reading(found)
    return [table, *([Prose(said)] if said else [])]


def _scale(found: Privacy) -> Scale:
    held, spent = found.get("claimed", {}), found.get("cumulative", {})
    attacks = [found.get("audited", {}).get(name, {}) for name in _TITLES]
    ends = [held.get("epsilon"), held.get("epsilon_asked"), spent.get("epsilon"), spent.get("filtered")]
    ends += [shown.get(key) for shown in attacks for key in ("value", "detectable")]
    ends += [1.1 * spent.get("budget", {}).get("epsilon", 0)]
    return scale_over([end for end in ends if end is not None], include=(0.0, 1.0), count=5)


def _claimed(report: Mapping[str, Any], found: Privacy, scale: Scale) -> Row:
    held = found.get("claimed")
    if held is None:
        why = reason(report, "/privacy/claimed") or "nothing was claimed"
        return Row(("Claimed for this model", "no bound", Absent(why), Reach(None, scale)), "strong")
    asked = (f"asked for: at most {plain(held['epsilon_asked'])}, ",) if "epsilon_asked" in held else ()
    beside: tuple[Inline, ...] = (*asked, f"δ {chance(held['delta'])}, for ", *unit_of(held["unit"]))
    cells = ("Claimed for this model", epsilon(held["epsilon"]), beside, Reach(held["epsilon"], scale))
    return Row(cells, "strong")


def _spent(report: Mapping[str, Any], found: Privacy, scale: Scale) -> Row:
    held = found.get("cumulative")
    if held is None:
        why = reason(report, "/privacy/cumulative") or "no ledger was kept"
        return Row(("Spent on these rows in all", "", Absent(why), ""))
    runs = len(held["runs"])
    said = f"{runs} run{'s' if runs != 1 else ''}, δ {chance(held['delta'])}"
    budget = held.get("budget")
    limit = budget["epsilon"] if budget else None
    said += f"; budget {plain(limit)}" if limit is not None else "; no budget"
    total = held.get("epsilon")
    value: Cell = "no bound" if total is None else epsilon(total)
    return Row(("Spent on these rows in all", value, said, Reach(total, scale, limit=limit)))


def _attacks(report: Mapping[str, Any], found: Privacy) -> list[str]:
    """Attacks by canaries that have a row: the one by outputs only where it was asked for."""
    black_box = "epsilon_lower_black_box"
    asked = black_box in found.get("audited", {}) or reason(report, f"/privacy/audited/{black_box}")
    return [name for name in _TITLES if name != black_box or asked]


def _shown(report: Mapping[str, Any], found: Privacy, scale: Scale, name: str) -> Row:
    held = found.get("audited", {}).get(name)
    if held is None:
        why = reason(report, f"/privacy/audited/{name}") or "no attack was made"
        return Row((_TITLES[name], "", Absent(why), ""))
    said = f"of {epsilon(held['detectable'])} that {count(held['n'])} canaries could show"
    drawn = Reach(held["value"], scale, until=held["detectable"])
    return Row((_TITLES[name], epsilon(held["value"]), said, drawn))


def _reading(found: Privacy) -> tuple[Inline, ...]:
    """What the attack says of the claim, in words."""
    verdict = verdict_on(found)
    if verdict == "none":
        return ()
    claimed, held = found["claimed"], strongest(found)
    assert held is not None
    promised, shown, most = (
        epsilon(value) for value in (claimed["epsilon"], held["value"], held["detectable"])
    )
    sure = f"{100 * held['confidence']:g}%"
    guessed = f"{count(held['right'])} of {count(held['guesses'])} guesses were right"
    return {
        "fail": (
            f"The attack refutes the claim: {guessed}, which an ε of {promised} does not allow. With {sure} "
            f"confidence ε is at least {shown}.",
        ),
        "inconclusive": (
            f"Inconclusive: faultless guesses about {count(held['n'])} canaries would show {most}, less "
            f"than the {promised} that are claimed. This attack could not have refuted the claim "
            f"({guessed}).",
        ),
        "pass": (
            f"The attack could have shown {most}, and showed {shown} ({guessed}): it does not refute the "
            "claim. That proves nothing; a better attack may find more.",
        ),
    }[verdict]
