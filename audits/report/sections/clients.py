"""Clients of a federated training: who had what, who took part, whom the global weights serve worse."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..document import Block, Cell, Code, Column, Count, Fold, Heading, Measure, Name, Prose, Row, Table
from ..figures import bound, count, figure, plain
from .client_findings import client_findings
from .secure_sums import secure_sums
from .sheet import LONGEST, title

__all__ = ["clients"]

#: How rows were dealt where they weren't.
_NODES = "nodes"

_POOLED = " Preprocessing was fitted on all clients' rows together, which a real federation could not do."

#: By what preprocessing was fitted on, what is to be said of it.
_FITTED = {
    "given": "",
    "train rows at the server": " Preprocessing was fitted on train rows at the server, which nobody trained "
    "on: it may fit clients' rows badly.",
}

_JUDGED = ", and how good the global weights are on its own validation rows"

#: Clients named in a sentence; the table has them all.
_NAMED = 8


def clients(found: Mapping[str, Any]) -> list[Block]:
    """Blocks for the section on training."""
    rows = found["clients"]
    scored = any(key in row for key in _SCORES for row in rows)
    shown = Table(
        caption=("What each client had" + (_JUDGED if scored else ""),),
        columns=_columns(rows),
        rows=tuple(_row(row, rows) for row in rows[:LONGEST]),
    )
    more = f"; {len(rows) - LONGEST} more in report.json" if len(rows) > LONGEST else ""
    return [
        Heading(("Clients",)),
        Prose(_how(found)),
        Prose(secure_sums(found["secure"]) if "secure" in found else _whom(found)),
        Fold(f"The {count(len(rows))} clients in numbers{more}", (shown,)),
        *client_findings(found),
    ]


def _how(found: Mapping[str, Any]) -> tuple[Any, ...]:
    """One sentence on rows, strategy and faults."""
    how, strategy = found["partition"], found["strategy"]
    settings = ", ".join(f"{title(key).lower()} {value}" for key, value in how.items() if key != "by")
    options = ", ".join(f"{key}: {value}" for key, value in strategy.items() if key != "name")
    said: tuple[Any, ...] = (f"Rows of {count(len(found['clients']))} clients, ",)
    said += ("at machines of their own",) if how["by"] == _NODES else ("dealt by ", Name(how["by"]))
    said += (f" ({settings})",) if settings and how["by"] != "column" else ()
    said += (" ", Name(how["column"])) if how["by"] == "column" else ()
    few = how.get("minimum", 1)
    said += (f", values with fewer than {count(few)} train rows one client together",) if few > 1 else ()
    said += (", were joined by ", Name(strategy["name"]))
    said += (" (", Code(options), ").") if options else (".",)
    said += (_counted(found),)
    return (*said, _FITTED.get(found["preprocessing"], _POOLED))


def _counted(found: Mapping[str, Any]) -> str:
    """Which answers counted, where that may be told."""
    if "faults" not in found:
        return " Who took part in which round is secret, as the privacy of clients asks, and noted nowhere."
    kinds = ", ".join(f"{count(n)} {kind.replace('_', ' ')}" for kind, n in found["faults"].items())
    return f" Answers that didn't count: {kinds}." if kinds else " Every answer counted."


def _whom(found: Mapping[str, Any]) -> tuple[Any, ...]:
    """Whom the global weights serve worse, where that can be told."""
    if "together" not in found and not any("validation_loss" in row for row in found["clients"]):
        return ("How good they are for each client nobody told: none has validation rows.",)
    if "together" not in found:
        return ("How good they are for each client is told by its loss alone: there are no classes.",)
    together = (
        f"All clients' validation rows together: accuracy {figure({'value': found['together']}, 'share')}. "
    )
    if not found["worse"]:
        judged = [row for row in found["clients"] if "validation_accuracy" in row]
        least = min(judged, key=lambda row: row["validation_accuracy"]["value"])
        score = least["validation_accuracy"]
        said = f", {figure(score, 'share')} of {count(score['n'])}; chance could explain it."
        return (together, "Lowest: ", Name(least["client"]), said)
    named: list[Any] = []
    for name in found["worse"][:_NAMED]:
        named += [", ", Name(name)] if named else [Name(name)]
    more = len(found["worse"]) - _NAMED
    rest = f" and {more} more" if more > 0 else ""
    sure = f" ({bound(found['confidence'], 'share')} for all clients at once)"
    return (together, f"Served worse, beyond chance{sure}: ", *named, f"{rest}.")


def _columns(rows: Sequence[Mapping[str, Any]]) -> tuple[Column, ...]:
    heads = [head for key, head in (_FACTS | _SCORES).items() if any(key in row for row in rows)]
    return (Column("Client"), *(Column(head, "number") for head in heads))


#: What is told of a client, and how its column is called.
_FACTS = {
    "train": "Train rows",
    "validation": "Validation rows",
    "asked": "Rounds",
    "distance": "Labels differ by",
    "epsilon": "Privacy loss ε of its rows",
}

#: Digits of those that are no counts.
_DIGITS = {"distance": 2, "epsilon": 3}

#: Scores that a client may have, and how their column is called.
_SCORES = {
    "validation_accuracy": "Accuracy",
    "validation_loss": "Loss",
    "personalized_accuracy": "Accuracy after its own training",
    "personalized_loss": "Loss after its own training",
}


def _row(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Row:
    cells: list[Cell] = [(Name(row["client"]),)]
    for key in (*_FACTS, *_SCORES):
        if any(key in other for other in rows):
            cells.append(_cell(key, row))
    return Row(tuple(cells))


def _cell(key: str, row: Mapping[str, Any]) -> Cell:
    """What a client's row tells under a key, or nothing."""
    if key not in row:
        return ""
    if key == "asked":
        return f"{count(row['counted'])} of {count(row['asked'])}"
    if key in _DIGITS:
        return plain(row[key], _DIGITS[key])
    return Count(row[key]) if key in _FACTS else _score(row[key])


def _score(found: Any) -> Cell:
    """An accuracy with its limits, or a loss."""
    return Measure(found, "share") if isinstance(found, Mapping) else plain(found)
