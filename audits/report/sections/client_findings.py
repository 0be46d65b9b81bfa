"""Clients looked at one by one: on test rows, by what they contributed, by their updates, by their energy."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..document import Absent, Block, Cell, Column, Count, Fold, Inline, Measure, Name, Prose, Row, Table
from ..figures import bound, count, figure, interval, plain, share_of
from ..metrics import describe
from .sheet import LONGEST

__all__ = ["client_findings"]

#: Clients named in a sentence; the tables have them all.
_NAMED = 8


def client_findings(found: Mapping[str, Any]) -> list[Block]:
    """Blocks for whatever was measured, in the order in which a reader asks."""
    blocks: list[Block] = []
    for key, shown in _SHOWN.items():
        if key in found:
            blocks += shown(found[key])
    return blocks


def _on_test_rows(found: Mapping[str, Any]) -> list[Block]:
    """Who is served worse on rows that nobody chose by, and the gaps inside clients."""
    rows, metric = found["clients"], describe(found["metric"])
    score = metric.title.lower()
    said: list[Inline] = [
        f"Test rows by client: {score} {figure({'value': found['together']}, metric.unit)} for all. "
    ]
    if found["worse"]:
        said += ["Served worse, beyond chance: ", *_names(found["worse"]), ". "]
    elif "lowest" in found:
        row = next(row for row in rows if row["client"] == found["lowest"])
        least = f", {figure(row['score'], metric.unit)} of {count(row['n'])} rows; chance could explain it. "
        said += ["Served worst: ", Name(row["client"]), least]
    small = sum(row["small"] for row in rows)
    said += [f"{count(small)} of {count(len(rows))} clients have too few rows to be named."] if small else []
    blocks: list[Block] = [Prose(tuple(said))]
    for column, gaps in found["widest"].items():
        blocks.append(Prose(_widest(column, gaps, rows)))
    columns = (Column("Client"), Column("Test rows", "number"), Column(metric.title, "number"))
    blocks.append(_fold(rows, f"{metric.title} of test rows", columns, lambda row: _scored(row, metric.unit)))
    blocks += [_gaps(rows, column) for column in found["widest"]]
    return blocks


def _widest(column: str, gaps: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> tuple[Inline, ...]:
    """For each kind of gap the client where it is largest, and between whom."""
    said: list[Inline] = ["Widest inside a client, by ", Name(column), ": "]
    for place, (name, widest) in enumerate(gaps.items()):
        row = next(row for row in rows if row["client"] == widest["client"])
        gap, unit = row["gaps"][column][name], describe(name).unit
        said += ["; " if place else "", f"{describe(name).title.lower()} {figure(gap, unit)} "]
        said += [f"({interval(gap, unit)}) at ", Name(widest["client"])]
        said += (
            [", ", Name(gap["between"][0]), " above ", Name(gap["between"][1])] if "between" in gap else []
        )
    return (*said, ".")


def _scored(row: Mapping[str, Any], unit: Any) -> tuple[Cell, ...]:
    rows: Cell = f"{count(row['n'])} (few)" if row["small"] else Count(row["n"])
    score: Cell = Measure(row["score"], unit) if "score" in row else Absent("too few rows")
    return (Name(row["client"]),), rows, score


def _gaps(rows: Sequence[Mapping[str, Any]], column: str) -> Block:
    """A table of one sensitive column's gaps, of the clients that have any."""
    able = [row for row in rows if row["gaps"].get(column)]
    names = list(dict.fromkeys(name for row in able for name in row["gaps"][column]))
    heads = (Column("Client"), *(Column(describe(name).title, "number") for name in names))

    def cells(row: Mapping[str, Any]) -> tuple[Cell, ...]:
        return (Name(row["client"]),), *(_gap(row["gaps"][column].get(name), name) for name in names)

    return _fold(able, ("Gaps inside clients by ", Name(column)), heads, cells)


def _gap(gap: Mapping[str, Any] | None, name: str) -> Cell:
    return Absent("too few rows") if gap is None else Measure(gap, describe(name).unit)


def _contributed(found: Mapping[str, Any]) -> list[Block]:
    """Who lowered the loss, and who raised it."""
    ordered = sorted(found["values"].items(), key=lambda item: -item[1])
    way = {"shapley": "Shapley value", "leave_one_out": "what all others lack without it"}[found["method"]]
    judged = _several(found["rounds"], "round") + (
        f" ({count(found['unjudged'])} more couldn't be judged)" if found["unjudged"] else ""
    )
    said: list[Inline] = [
        f"Contributions ({way}): over {judged} clients' answers lowered the validation loss of all by "
        f"{plain(found['fall'])}. Most: ",
        Name(ordered[0][0]),
        f", {plain(ordered[0][1])}. ",
    ]
    against = [name for name, value in reversed(ordered) if value < 0]
    if against:
        said += ["Worth less than nothing: ", *_names(against), "."]
    return [
        Prose(tuple(said)),
        _fold(
            ordered,
            "Contributions",
            (Column("Client"), Column("Lowered the loss by", "number"), Column("Of the fall", "number")),
            lambda item: ((Name(item[0]),), plain(item[1]), _part(item[1], found["fall"])),
        ),
    ]


def _part(value: float, whole: float) -> str:
    """Its share of a fall; of a rise nothing is a share."""
    return f"{100 * value / whole:.1f}%".replace("-", "−") if whole > 0 else ""


def _outlying(found: Mapping[str, Any]) -> list[Block]:
    """Whose updates were unlike the others'."""
    few = f"; {count(found['few'])} had too few answers" if found["few"] else ""
    rate = bound(found["rate"], "share")
    searched = (
        f"Updates unlike the others': {_several(found['searched'], 'round')} searched{few}, with a chance of "
    )
    searched += f"{rate} in all that anybody is named where clients differ by chance alone. "
    if not found["named"]:
        return [Prose((searched, "Nobody is."))]
    worst: dict[str, dict[str, Any]] = {}
    for row in found["named"]:  # the most striking first
        worst.setdefault(row["client"], row | {"rounds": set()})["rounds"].add(row["round"])
    why = ": rows of another kind, a fault, or malice; none was left out for it."
    heads = ("Rounds", "In round", "By its", "Score", "Limit")
    columns = (Column("Client"), *(Column(head, "text" if head == "By its" else "number") for head in heads))

    def cells(row: Mapping[str, Any]) -> tuple[Cell, ...]:
        score = (plain(row["score"], 3), plain(row["limit"], 3))
        return (Name(row["client"]),), Count(len(row["rounds"])), Count(row["round"]), row["by"], *score

    return [
        Prose((searched, "Named: ", *_names(list(worst)), why)),
        _fold(
            list(worst.values()), "Clients with outlying updates, each by its most striking", columns, cells
        ),
    ]


def _energy(found: Mapping[str, Any]) -> list[Block]:
    """The stage's energy by client and round."""
    work = sum(found["clients"].values())
    doubt = "; estimated from a model, no energy counter was read" if found["estimated"] else ""
    silent = (
        f" {_several(found['silent'], 'answer')} didn't tell theirs."
        if found["silent"]
        else " Every answer told its."
    )
    said = (
        f"Energy of the training {bound(found['kwh'], 'kwh')}, of which {share_of(work, found['kwh'])} was "
        "clients' work, by the processor time that they tell; the rest is the server's. Read by ",
        Name(found["method"]),
        f"{doubt}.{silent}",
    )
    ordered = sorted(found["clients"].items(), key=lambda item: -item[1])
    rounds = (Column("Round", "number"), Column("Clients", "number"), Column("Server", "number"))
    return [
        Prose(said),
        _fold(
            ordered,
            "Energy by client",
            (Column("Client"), Column("Energy", "number"), Column("Of the training", "number")),
            lambda item: ((Name(item[0]),), bound(item[1], "kwh"), share_of(item[1], found["kwh"])),
        ),
        _fold(
            found["rounds"],
            "Energy by round",
            rounds,
            lambda row: (Count(row["round"]), bound(row["clients"], "kwh"), bound(row["server"], "kwh")),
        ),
    ]


def _fold(rows: Sequence[Any], caption: Any, columns: tuple[Column, ...], cells: Any) -> Fold:
    """A table to be opened; the page has its first rows, report.json all."""
    more = f" ({count(len(rows) - LONGEST)} more in report.json)" if len(rows) > LONGEST else ""
    shown = tuple(Row(cells(row)) for row in rows[:LONGEST])
    title = caption if isinstance(caption, tuple) else (caption,)
    return Fold((*title, more), (Table(caption=title, columns=columns, rows=shown),))


def _several(number: float, noun: str) -> str:
    """So many of them."""
    return f"{count(number)} {noun}" + ("" if number == 1 else "s")


def _names(names: Sequence[str]) -> list[Inline]:
    """Some names, and how many more there are."""
    said: list[Inline] = []
    for name in names[:_NAMED]:
        said += [", ", Name(name)] if said else [Name(name)]
    return said + ([f" and {count(len(names) - _NAMED)} more"] if len(names) > _NAMED else [])


_SHOWN = {
    "test": _on_test_rows,
    "contributions": _contributed,
    "outliers": _outlying,
    "energy": _energy,
}
