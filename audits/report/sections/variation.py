"""How the numbers vary with the seed: each seed's own value and interval, and their spread."""

from collections.abc import Mapping
from typing import Any

from ..charts.scale import Scale, scale_over
from ..document import Block, Column, Inline, Name, Prose, Row, Section, Strip, Table
from ..figures import figure, interval
from ..metrics import describe, in_order
from .absence import not_measured

__all__ = ["variation"]

_WORDS = (
    "The intervals elsewhere speak of this model on this population, not of a retrained one; this section "
    "does: seed-to-seed variation, with the rows and the spec unchanged. It says nothing of other rows."
)
_FEW = 5


def variation(report: Mapping[str, Any]) -> Section:
    """Spread over seeds of every metric, and of the gaps of every sensitive column."""
    found = report.get("variation")
    if found is None:
        return Section("variation", "Variation", (Prose(_WORDS), not_measured(report, "/variation")))
    seeds = found["seeds"]
    said = f"{len(seeds)} seeds: {', '.join(map(str, seeds))}; the first is this model's."
    few = " So few seeds hardly bound a spread." if len(seeds) < _FEW else ""
    blocks: list[Block] = [Prose(_WORDS), Prose(said + few)]
    blocks += _tables(found["metrics"], "Metrics over seeds")
    for column, gaps in found["gaps"].items():
        blocks += _tables(gaps, ("Gaps over seeds, ", Name(column)))
    return Section("variation", "Variation", tuple(blocks))


def _tables(numbers: Mapping[str, Any], caption: str | tuple[Inline, ...]) -> list[Block]:
    if not numbers:
        return []
    columns = (
        Column("Metric and seed"),
        Column("Mean or value", "number"),
        Column("95% interval", "number"),
        Column("Standard deviation", "number"),
        Column("Least – most", "number"),
        Column("Another seed", "number"),
        Column("Of each seed", "chart"),
    )
    rows = [row for name in in_order(numbers) for row in _rows(name, numbers[name])]
    return [Table(caption=caption, columns=columns, rows=tuple(rows))]


def _rows(name: str, found: Mapping[str, Any]) -> list[Row]:
    """One strong row of all seeds, and one for each seed; its drawing shares the metric's scale."""
    unit = describe(name).unit
    scale = _scale(found)
    ends = {"value": found["least"], "low": found["least"], "high": found["most"]}
    other = {"value": found["value"], "low": found["another"][0], "high": found["another"][1]}
    spread = figure({"value": found["sd"], "low": 0, "high": found["sd"]}, "plain")
    strong = Row(
        (
            describe(name).title, figure(found, unit), interval(found, unit), spread,
            interval(ends, unit), interval(other, unit), Strip(found, scale),
        ),
        "strong",
    )  # fmt: skip
    each = [
        Row(
            (
                f"seed {of['seed']}", figure(of, unit, found), interval(of, unit, found), "", "", "",
                Strip(of, scale, hollow=True),
            ),
            "soft",
        )
        for of in found["by_seed"]
    ]  # fmt: skip
    return [strong, *each]


def _scale(found: Mapping[str, Any]) -> Scale:
    ends = [of[end] for of in (found, *found["by_seed"]) for end in ("low", "high")]
    return scale_over(ends)
