"""What an epsilon means in words and odds; bounds are rounded up."""

import math
from collections.abc import Mapping
from typing import Any

from ..document import Block, Column, Heading, Inline, Prose, Row, Table
from ..figures import plain
from .privacy_loss import chance, epsilon, unit_of, verdict_on

__all__ = ["at_most", "in_words"]

_VOID = "What follows would be so if the claim held. It doesn't: see above."
_FINEST = 5  # decimals of a percentage that is nearly 100


def in_words(found: Mapping[str, Any]) -> list[Block]:
    """What the epsilons mean: odds, certainty, members found."""
    held = found.get("odds", {})
    labels = {"claimed": "Claimed for this model", "cumulative": "Spent on these rows in all"}
    parts = {label: held[key] for key, label in labels.items() if key in held}
    if not parts:
        return []
    unit = found.get("claimed", found.get("cumulative", {}))["unit"]
    rates = list(next(iter(parts.values()))["share_found"])
    columns = (
        Column("Privacy loss"),
        Column("ε", "number"),
        Column("Odds grow", "number"),
        Column("50% sure becomes", "number"),
        *(Column(f"Found at {100 * float(rate):g}%", "number") for rate in rates),
    )
    rows = tuple(_odds(label, part, rates) for label, part in parts.items())
    return [
        Heading("What it means, in odds"),
        *([Prose(_VOID)] if _void(found) else []),
        Prose(_sentence(next(iter(parts.values())), unit)),
        Table(
            caption="The most that anybody could learn; found: members, at so many false alarms",
            columns=columns,
            rows=rows,
        ),
    ]


def _void(found: Mapping[str, Any]) -> bool:
    """Whether what follows from the claim mustn't be believed."""
    return verdict_on(found) == "fail" or not found.get("claimed", {}).get("secret_noise", True)


def _sentence(held: Mapping[str, Any], unit: str) -> tuple[Inline, ...]:
    allowed = f"multiply by at most {_factor(held['factor'])}" if "factor" in held else "grow without bound"
    return (
        f"ε = {epsilon(held['epsilon'])}: whoever sees the model, and knows all other rows, can let the "
        "odds that ",
        *unit_of(unit),
        f" had a part in training {allowed}. Half sure before, nobody is more than "
        f"{at_most(held['posterior'])} sure after; no guess, in or out, is right more often than in "
        f"{at_most(held['right_guesses'])} of cases. Outcomes with a chance of δ = {chance(held['delta'])} "
        "are left aside. These are bounds for whoever is easiest to find and the best test there can "
        "be: a real attack finds less.",
    )


def _odds(label: str, held: Mapping[str, Any], rates: list[str]) -> Row:
    factor = f"× {_factor(held['factor'])}" if "factor" in held else "no bound"
    found = (at_most(held["share_found"][rate]) for rate in rates)
    return Row((label, epsilon(held["epsilon"]), factor, at_most(held["posterior"]), *found))


def _factor(value: float) -> str:
    """An upper bound to three digits, rounded up."""
    digit = 10.0 ** (math.floor(math.log10(value)) - 2)
    return plain(math.ceil(round(value / digit, 6)) * digit, 3)


def at_most(share: float) -> str:
    """An upper bound in percent, rounded up; what is below 100% doesn't look like it."""
    for decimals in range(1, _FINEST):
        steps = 10**decimals
        percent = math.ceil(round(100 * share * steps, 6)) / steps
        if percent < 100 or share == 1:
            return f"{percent:.{decimals}f}%"
    return "100%"
