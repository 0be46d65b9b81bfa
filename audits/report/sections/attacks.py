"""Hostile and foreign rows: accuracy under attack, and whether the model notices what isn't its own."""

from collections.abc import Mapping
from typing import Any

from ..charts.scale import scale_over
from ..document import Block, Column, Count, Heading, Measure, Name, Prose, Row, Strip, Table
from ..figures import plain
from .absence import reason
from .sheet import title

__all__ = ["adversarial", "attack_rows", "foreign_rows"]

_KINDS = {"noise": "Random noise", "fgsm": "FGSM, one step", "pgd": "PGD"}
_UNITS = {
    "pixels": "of the range from black to white",
    "numbers": "standard deviations of the scaled numbers, within their range in train",
    "embeddings": "standard deviations of each component of the embedded columns: few such points are rows",
}
_SCORES = {
    "largest_score": "Largest score",
    "energy": "Energy",
    "nearest_neighbour": "Distance to the 10th nearest train row",
    "mahalanobis": "Mahalanobis distance to the nearest class",
}


def attack_rows(held: Mapping[str, Any]) -> list[Row]:
    """The head of the attacks and, on one axis, unharmed rows and PGD at each size in the metric's space."""
    space = held["space"]
    attacks = [one for one in held["spaces"][space]["attacks"] if one["kind"] == "pgd"]
    numbers = {"Unharmed": held["clean"]} | {f"PGD, ε {plain(a['level'])}": a["result"] for a in attacks}
    scale = scale_over([n[key] for n in numbers.values() for key in ("low", "value", "high")])
    rows = [Row((f"Attacks on {space}: accuracy", scale), "group")]
    for label, number in numbers.items():
        soft = label == "Unharmed"
        cells = (label, Count(number["n"]), Measure(number, "share"), Strip(number, scale, hollow=soft))
        rows.append(Row(cells, "soft" if soft else "strong"))
    return rows


def adversarial(report: Mapping[str, Any], found: Mapping[str, Any]) -> list[Block]:
    """A table a space, with what speaks for and against believing it."""
    held = found.get("adversarial")
    if held is None:
        why = reason(report, "/robustness/adversarial")
        return [Heading("Attacks"), Prose((Name(why, whole=True),))] if why else []
    blocks: list[Block] = [Heading("Attacks")]
    for space in sorted(held["spaces"], key=lambda name: (name != held["space"], name)):
        part = held["spaces"][space]
        rows = tuple(
            Row((_KINDS.get(one["kind"], title(one["kind"])), plain(one["level"]),
                 Count(one["result"]["n"]), Measure(one["result"], "share")))
            for one in part["attacks"]
        )  # fmt: skip
        columns = (
            Column("Attack"),
            Column("ε", "number"),
            Column("n", "number"),
            Column("Accuracy", "number"),
        )
        caption = f"Attacks on {space}; ε in {_UNITS.get(space, 'units')}"
        blocks += [Table(caption=caption, columns=columns, rows=rows), Prose(_believed(part["checks"], held))]
    return blocks


def _believed(checks: Mapping[str, Any], held: Mapping[str, Any]) -> str:
    """The signs of masked gradients, in words."""
    doubts = [
        said
        for key, said in (
            ("pgd_at_least_as_strong_as_fgsm", "many steps hurt less than one"),
            ("noise_weaker_than_pgd", "random noise hurts more than the attack"),
            (
                "twice_the_steps_change_little",
                "twice the steps hurt clearly more: the attack was not finished",
            ),
        )
        if not checks[key]
    ]
    longer = plain(checks["accuracy_with_twice_the_steps"], 3)
    measured = (
        f"With {2 * held['steps']} steps instead of {held['steps']} at ε {plain(held['epsilon'])}: {longer}."
    )
    if doubts:
        return f"Don't believe these numbers: {'; '.join(doubts)}. {measured}"
    return (
        f"No sign of masked gradients: many steps hurt at least as much as one, noise hurts less. {measured}"
    )


def foreign_rows(report: Mapping[str, Any], found: Mapping[str, Any]) -> list[Block]:
    """Every score against every material."""
    held = found.get("foreign_rows")
    if held is None:
        why = reason(report, "/robustness/foreign_rows")
        return [Heading("Foreign rows"), Prose((Name(why, whole=True),))] if why else []
    rows: list[Row] = []
    for material, scores in held["materials"].items():
        scale = scale_over((0.0, 1.0))
        rows.append(Row((title(material), scale), "group"))
        for name, numbers in scores.items():
            accepted = Measure(numbers["accepted"], "share") if "accepted" in numbers else ""
            area = numbers["auroc"]
            cells = (_SCORES.get(name, title(name)), accepted, Measure(area, "share"), Strip(area, scale))
            rows.append(Row(cells))
    columns = (
        Column("Score"),
        Column("Foreign rows accepted", "number"),
        Column("AUROC, 95% interval", "number"),
        Column("", "chart"),
    )
    opening = (
        "Does a score tell own test rows from rows made to be foreign? An AUROC of 0.5 is blind; below it, "
        "foreign rows look more familiar than own ones. Accepted: the share of foreign rows above the "
        "threshold that 95% of the own rows pass. Made material says nothing of what will really come."
    )
    return [
        Heading("Foreign rows"),
        Prose(opening),
        Table(caption="Own rows against foreign rows", columns=columns, rows=tuple(rows)),
    ]
