"""Performance of a few-shot model: how often new classes are told apart after a look at few rows of each."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..charts.scale import scale_over
from ..document import (
    Block,
    Cell,
    Column,
    Count,
    Fold,
    Gallery,
    Heading,
    Measure,
    Name,
    Picture,
    Prose,
    Row,
    Strip,
    Table,
)
from ..figures import count, figure
from .sheet import LONGEST, title

__all__ = ["episodes"]

_LOWEST = 10


def episodes(report: Mapping[str, Any], found: Mapping[str, Any]) -> list[Block]:
    """Blocks for the section on performance.

    Args:
        report: the whole report.
        found: its `performance`.
    """
    held = found["episodes"]
    blocks: list[Block] = [
        Prose(_opening(found, held)),
        _accuracy(found, held),
        Prose(_BLIND, small=True),
        Heading("Episodes as they went"),
        Gallery(tuple(_picture(shown) for shown in held["shown"])),
    ]
    for name, groups in held["groups"].items():
        blocks += [Heading(("By ", Name(name))), _table(groups, Name(title(name)))]
    lowest = dict(sorted(found["by_class"].items(), key=lambda item: item[1]["accuracy"]["value"]))
    blocks.append(Heading("Classes that are told apart worst"))
    blocks.append(_table(dict(list(lowest.items())[:_LOWEST]), "Class"))
    blocks.append(Prose(_WORST, small=True))
    rest = dict(list(lowest.items())[_LOWEST:LONGEST])
    if rest:
        blocks.append(Fold(f"{len(rest)} more classes", (_table(rest, "Class"),)))
    return blocks + (_confused(held["confused"]) if held["confused"] else [])


_BLIND = (
    "The intervals say what other episodes of the same classes would change. They don't say how other classes"
    " would fare, nor a model that is trained again."
)
_WORST = (
    "The lowest of many intervals is low partly by chance: each holds for its class alone, not for whichever"
    " turns out worst."
)


def _opening(found: Mapping[str, Any], held: Mapping[str, Any]) -> tuple[Any, ...]:
    shape = f"of each {held['shot']} to learn from and {held['queries']} to answer"
    return (
        f"{count(found['n'])} episodes of {held['way']} classes out of {count(held['classes'])} that training"
        f" never saw: {shape}. Guessing is right in {figure({'value': held['chance']}, 'share')}.",
    )


def _accuracy(found: Mapping[str, Any], held: Mapping[str, Any]) -> Table:
    """The model at every shot, the baseline, and the difference."""
    rows: list[tuple[Cell, Mapping[str, Any], str]] = [
        (f"This model, {shot} of each class", number, "strong" if int(shot) == held["shot"] else "")
        for shot, number in held["shots"].items()
    ]
    for name, beside in found["baselines"].items():
        rows.append(((Name(title(name)), f", {held['shot']} of each"), beside["metrics"]["accuracy"], ""))
    scale = scale_over([number[end] for _, number, _ in rows for end in ("low", "value", "high")])
    drawn = [
        Row((who, Count(number["n"]), Measure(number, "share"), Strip(number, scale)), kind)  # type: ignore[arg-type]
        for who, number, kind in rows
    ]
    for name, beside in found["baselines"].items():
        gap = beside["difference"]["accuracy"]
        drawn.append(
            Row(
                (("This model minus ", Name(title(name).lower())), Count(gap["n"]), Measure(gap, "share"), "")
            )
        )
    return Table(
        caption="Accuracy: the mean over episodes", columns=_columns("", "Episodes", scale), rows=tuple(drawn)
    )


def _columns(head: Any, n: str, scale: Any) -> tuple[Column, ...]:
    return (
        Column(head),
        Column(n, "number"),
        Column("Accuracy, 95% interval", "number"),
        Column("", "chart", scale),
    )


def _table(groups: Mapping[str, Mapping[str, Any]], head: Any) -> Table:
    """Accuracy by class or by group of classes."""
    shown = dict(list(groups.items())[:LONGEST])
    scale = scale_over([of["accuracy"][end] for of in shown.values() for end in ("low", "value", "high")])
    rows = tuple(
        Row(((Name(name),), Count(of["n"]), Measure(of["accuracy"], "share"), Strip(of["accuracy"], scale)))
        for name, of in shown.items()
    )
    return Table(
        caption="Queries of each, in episodes of all", columns=_columns(head, "Queries", scale), rows=rows
    )


def _picture(shown: Mapping[str, Any]) -> Picture:
    how = "as it came" if shown["episode"] == 1 else "the one that went worst"
    said = (
        f"Episode {shown['episode']}, {how}: {shown['right']} of {shown['of']} right. A row is a class:"
        " at the left what was shown of it, then its queries; a thick red frame is a wrong answer."
    )
    return Picture(shown["picture"], f"Episode {shown['episode']}", said)


def _confused(pairs: Sequence[Mapping[str, Any]]) -> list[Block]:
    columns = (Column("True class"), Column("Taken for"), Column("Queries", "number"), Column("Of", "number"))
    rows = tuple(
        Row(((Name(pair["true"]),), (Name(pair["given"]),), Count(pair["n"]), Count(pair["of"])))
        for pair in pairs
    )
    caption = "Taken for each other most often; of: queries of the true class in episodes that had both"
    return [
        Fold("Which classes are taken for each other", (Table(caption=caption, columns=columns, rows=rows),))
    ]
