"""Is it private: what was promised, what the promise leaves out, what attacks found, and what it cost."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..document import Block, Column, Fold, Heading, Inline, Name, Prose, Row, Section, Table
from .absence import not_measured, reason
from .membership import membership
from .privacy_clients import rounds_in_words
from .privacy_cost import cost, curve
from .privacy_loss import chance, epsilon, losses, unit_of
from .privacy_odds import in_words
from .privacy_spent import spent
from .sheet import sheet

__all__ = ["outside", "privacy"]

_SPLITS = 3


def privacy(report: Mapping[str, Any]) -> Section:
    """Epsilons on one axis, what none of them covers, what they mean, attacks, costs, the ledger."""
    found = report.get("privacy")
    if found is None:
        return Section("privacy", "Privacy", (not_measured(report, "/privacy"),))
    blocks: list[Block] = [Prose(_opening(report, found))]
    if "claimed" in found or "cumulative" in found:
        blocks += losses(report, found)
    blocks += _uncovered(report, found) + in_words(found)
    blocks += membership(report, found) + cost(report, found) + curve(found) + spent(found)
    blocks += _folds(found)
    return Section("privacy", "Privacy", tuple(blocks))


def outside(report: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """How much an epsilon leaves out: it is never told without."""
    if "uncovered" not in found:
        return "what is outside it was not listed"
    things = len(found["uncovered"])
    return (
        f"{things} thing{'s' if things != 1 else ''} outside it" if things else "nothing known is outside it"
    )


def _opening(report: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[Inline, ...]:
    held = found.get("claimed")
    if held is None:
        why = reason(report, "/privacy/claimed") or "No guarantee was claimed"
        return (
            Name(why.rstrip(". "), whole=True),
            ". Nothing bounds what the model gives away of a single row: an attack that finds nothing is "
            "no promise.",
        )
    secret = held.get("secret_noise", True)
    return (
        f"Trained with differential privacy: ε = {epsilon(held['epsilon'])} claimed at δ = ",
        f"{chance(held['delta'])}, for ", *unit_of(held["unit"]), f"; {outside(report, found)}.",
        rounds_in_words(held),
        "" if secret else " Not private against whoever knows the noise seed, which stands in the spec.",
    )  # fmt: skip


def _uncovered(report: Mapping[str, Any], found: Mapping[str, Any]) -> list[Block]:
    """What touched rows outside the mechanism, gravest first and always open."""
    if "claimed" not in found:
        return []
    head = Heading("What no epsilon here covers")
    things = found.get("uncovered")
    if things is None:
        why = reason(report, "/privacy/uncovered")
        said: tuple[Inline, ...] = (Name(why, whole=True),) if why else ("Not listed.",)
        return [head, Prose(said)]
    if not things:
        return [head, Prose("As far as this run can know, nothing but the noisy steps touched a row.")]
    rows = tuple(
        Row(((*_said(one["what"]), _rows(one["rows"])), _said(one["why"]), _said(one["mend"])))
        for one in things
    )
    opening = (
        "An ε bounds what the noisy steps tell of a row. These things were computed from rows without "
        "noise, and are published with the model or its report: the gravest first."
    )
    columns = (Column("What"), Column("Why it isn't covered"), Column("How to have it covered"))
    table = Table(caption="Outside of every ε above", columns=columns, rows=rows, kept=True)
    return [head, Prose(opening), table]


def _said(words: str) -> tuple[Inline, ...]:
    return (Name(words[:1].upper() + words[1:], whole=True),)


def _rows(splits: Sequence[str]) -> str:
    return " (all rows)" if len(splits) == _SPLITS else f" ({' and '.join(splits)} rows)"


def _folds(found: Mapping[str, Any]) -> list[Block]:
    folds: list[Block] = []
    if "claimed" in found:
        folds.append(Fold("The mechanism", tuple(sheet(found["claimed"]))))
    if settings := found.get("audited", {}).get("settings"):
        folds.append(Fold("How it was attacked", tuple(sheet(settings))))
    return folds
