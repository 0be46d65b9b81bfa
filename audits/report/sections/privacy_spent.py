"""What was ever spent on the rows: every run that the ledger counts, and the head of its chain."""

from collections.abc import Mapping
from typing import Any

from ..document import Block, Code, Column, Heading, Inline, Name, Prose, Row, Table
from ..figures import count, plain, short_digest
from .privacy_loss import chance, epsilon, unit_of
from .sheet import LONGEST

__all__ = ["event_in_words", "spent"]


def spent(found: Mapping[str, Any]) -> list[Block]:
    """A sentence on the sum and its budget, and a row a run."""
    held = found.get("cumulative")
    if held is None:
        return []
    return [Heading("What was spent on these rows"), Prose(_sentence(held)), _runs(held)]


def event_in_words(event: Mapping[str, Any]) -> str:
    """A mechanism of the ledger, which keeps dp-accounting's words."""
    match event:
        case {"type": "NonPrivateDpEvent"}:
            return "trained without privacy"
        case {"type": "GaussianDpEvent", "noise_multiplier": noise}:
            return f"normal noise, {plain(noise, 3)} × sensitivity"
        case {"type": "LaplaceDpEvent", "noise_multiplier": noise}:
            return f"Laplace noise, {plain(noise, 3)} × sensitivity"
        case {"type": "PoissonSampledDpEvent", "sampling_probability": rate, "event": inner}:
            return f"samples of {plain(100 * rate, 3)}%, {event_in_words(inner)}"
        case {"type": "SelfComposedDpEvent", "count": times, "event": inner}:
            return f"{count(times)} step{'' if times == 1 else 's'}: {event_in_words(inner)}"
        case {"type": "ComposedDpEvent", "events": events}:
            return "; ".join(event_in_words(one) for one in events) or "nothing"
    return "an event of another kind"


def _sentence(held: Mapping[str, Any]) -> tuple[Inline, ...]:
    total = held.get("epsilon")
    bound = "no bound, as there was training without privacy" if total is None else f"ε = {epsilon(total)}"
    said: list[Inline] = [
        "All that was ever learned from the rows of ", Name(held["dataset"]), ", or from other data with ",
        f"rows in common, by whatever version: {bound}, at δ {chance(held['delta'])}, for ",
        *unit_of(held["unit"]), ". ",
    ]  # fmt: skip
    budget = held.get("budget")
    if budget is None:
        said.append("No budget limits what may still be spent. ")
    else:
        said.append(f"The budget is {plain(budget['epsilon'])} at δ {chance(budget['delta'])}")
        counted = held.get("filtered")
        said.append(
            f", of which its filter counts {epsilon(counted)} as spent. " if counted is not None else ". "
        )
    head = held["head"]
    said += [f"Ledger: {count(head['number'])} entries, the head is ", Code(short_digest(head["hash"]))]
    return tuple(said)


def _runs(held: Mapping[str, Any]) -> Table:
    """The newest runs last; ε of single runs doesn't add up."""
    shown = held["runs"][-LONGEST:]
    rows = tuple(
        Row(
            (
                (Name(run["version"]), ", this version") if run["mine"] else (Name(run["version"]),),
                (Name(run["dataset"]),),
                event_in_words(run["event"]),
                "no bound" if run["epsilon"] is None else epsilon(run["epsilon"]),
            ),
            "strong" if run["mine"] else "",
        )
        for run in shown
    )
    columns = (
        Column("Version or run"),
        Column("Rows of"),
        Column("What it did"),
        Column("ε by itself", "number"),
    )
    more = len(held["runs"]) - len(shown)
    caption = "Runs that count; their ε don't add up, their mechanisms are composed"
    return Table(
        caption=caption + (f"; {more} earlier ones in report.json" if more > 0 else ""),
        columns=columns,
        rows=rows,
    )
