"""Another domain: how the model does there, beside the first, and what training beside it gained."""

from collections.abc import Mapping
from typing import Any

from ....platform.adaptation.methods import METHODS
from ..charts.scale import scale_over
from ..document import Block, Column, Count, Fold, Heading, Measure, Name, Prose, Row, Section, Strip, Table
from ..figures import count, plain
from ..metrics import describe, in_order
from .absence import not_measured, reason
from .performance import LEADING
from .sheet import LONGEST

__all__ = ["adaptation"]

_TITLE = "Another domain"
_OPEN = 3
_TWO_DOMAINS = (
    "The domains are different rows, so a difference has the uncertainty of both. Scores are calibrated on "
    "the first domain. Whether the classes mean the same in both is seen in no number here."
)
_GAINED = (
    "The same network, split and seed, trained without the other domain beside it; differences are paired by "
    "row. They speak of these two models: another seed would move both."
)


def adaptation(report: Mapping[str, Any]) -> Section:
    """Metrics on both domains, and the gain over a model that never saw the other."""
    found = report.get("adaptation")
    if found is None:
        return Section("adaptation", _TITLE, (not_measured(report, "/adaptation"),))
    rows = found["rows"]
    unlabelled = f" ({count(rows['unlabelled'])} more have no label)" if rows["unlabelled"] else ""
    opening = (
        f"{count(rows['joined'])} rows of ", Name(found["domain"]), " joined training without their labels, ",
        f"to {METHODS[found['method']].summary} ({found['method']}, weight {plain(found['weight'])}); ",
        f"{count(rows['audited'])} other rows are measured here{unlabelled}. ",
        f"What to know: {METHODS[found['method']].cannot_say}.",
    )  # fmt: skip
    blocks: list[Block] = [Prose(opening)]
    if "target" in found:
        blocks += [Prose(_TWO_DOMAINS), *_domains(found), *_classes(found["target"].get("by_class", {}))]
    else:
        blocks.append(not_measured(report, "/adaptation/target"))
    blocks.append(Heading("What adaptation gained"))
    if "gain" in found:
        blocks += [Prose(_GAINED), *_gain(found["gain"])]
    else:
        blocks.append(not_measured(report, "/adaptation/gain"))
    if reason(report, "/adaptation/groups"):
        blocks.append(not_measured(report, "/adaptation/groups"))
    return Section("adaptation", _TITLE, tuple(blocks))


def _domains(found: Mapping[str, Any]) -> list[Block]:
    columns = (
        Column("Metric"),
        Column("First domain", "number"),
        Column("Other domain", "number"),
        Column("Other minus first", "number"),
    )
    parts = (found["source"]["metrics"], found["target"]["metrics"], found["shift"])
    return _tables("On both domains, 95% intervals", columns, parts)


def _gain(gain: Mapping[str, Any]) -> list[Block]:
    columns = (
        Column("Metric"),
        Column("On the other domain", "number"),
        Column("On the first domain", "number"),
    )
    parts = (gain.get("target", {}), gain["source"])
    return _tables("With adaptation minus without, 95% intervals", columns, parts)


def _tables(caption: str, columns: tuple[Column, ...], parts: tuple[Mapping[str, Any], ...]) -> list[Block]:
    """A row a metric, a column a part; leading metrics open, the others folded."""
    rows = [
        Row(
            (
                describe(name).title,
                *(Measure(part[name], describe(name).unit) if name in part else "" for part in parts),
            )
        )
        for name in in_order({name for part in parts for name in part}, LEADING)
    ]
    blocks: list[Block] = [Table(caption=caption, columns=columns, rows=tuple(rows[:_OPEN]))]
    if rows[_OPEN:]:
        more = Table(caption=f"{caption}: further metrics", columns=columns, rows=tuple(rows[_OPEN:]))
        blocks.append(Fold(f"{caption}: further metrics", (more,)))
    return blocks


def _classes(by_class: Mapping[str, Any]) -> list[Block]:
    """Which classes of the other domain are found: one that is lost hides in a mean."""
    shown = {name: of for name, of in list(by_class.items())[:LONGEST] if "recall" in of}
    if not shown:
        return []
    ends = [of["recall"][end] for of in shown.values() for end in ("low", "value", "high")]
    scale = scale_over(ends)
    rows = tuple(
        Row((Name(name), Count(of["n"]), Measure(of["recall"], "share"), Strip(of["recall"], scale)))
        for name, of in shown.items()
    )
    columns = (
        Column("Class"),
        Column("n", "number"),
        Column("Recall", "number"),
        Column("", "chart", scale),
    )
    table = Table(caption="Recall by class on the other domain", columns=columns, rows=rows)
    return [Fold("Classes on the other domain", (table,))]
