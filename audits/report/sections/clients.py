"""Clients of a federated training: who had what, who took part, whom the global weights serve worse."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..document import Block, Cell, Code, Column, Count, Fold, Heading, Measure, Name, Prose, Row, Table
from ..figures import bound, count, figure, plain
from .client_findings import client_findings
from .secure_sums import secure_sums
from .sheet import LONGEST, title

__all__ = ["clients"]

#: Clients named in a sentence; the table has them all.
_NAMED = 8


def clients(found: Mapping[str, Any]) -> list[Block]:
    """Blocks for the section on training."""
    rows = found["clients"]
    shown = Table(
        caption=("What each client had, and how good the global weights are on its own validation rows",),
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
    said: tuple[Any, ...] = (f"Rows of {count(len(found['clients']))} clients, dealt by ", Name(how["by"]))
    said += (f" ({settings})",) if settings and how["by"] != "column" else ()
    said += (" ", Name(how["column"])) if how["by"] == "column" else ()
    few = how.get("minimum", 1)
    said += (f", values with fewer than {count(few)} train rows one client together",) if few > 1 else ()
    said += (", were joined by ", Name(strategy["name"]))
    said += (" (", Code(options), ").") if options else (".",)
    said += (_counted(found),)
    pooled = " Preprocessing was fitted on all clients' rows together, which a real federation could not do."
    return said if found["preprocessing"] == "given" else (*said, pooled)


def _counted(found: Mapping[str, Any]) -> str:
    """Which answers counted, where that may be told."""
    if "faults" not in found:
        return " Who took part in which round is secret, as the privacy of clients asks, and noted nowhere."
    kinds = ", ".join(f"{count(n)} {kind.replace('_', ' ')}" for kind, n in found["faults"].items())
    return f" Answers that didn't count: {kinds}." if kinds else " Every answer counted."


def _whom(found: Mapping[str, Any]) -> tuple[Any, ...]:
    """Whom the global weights serve worse, where that can be told."""
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
    heads = ["Train rows", "Validation rows", *(["Rounds"] if "asked" in rows[0] else []), "Labels differ by"]
    heads += ["Privacy loss ε of its rows"] if "epsilon" in rows[0] else []
    heads += [head for key, head in _SCORES.items() if any(key in row for row in rows)]
    return (Column("Client"), *(Column(head, "number") for head in heads))


#: Scores that a client may have, and how their column is called.
_SCORES = {
    "validation_accuracy": "Accuracy",
    "validation_loss": "Loss",
    "personalized_accuracy": "Accuracy after its own training",
    "personalized_loss": "Loss after its own training",
}


def _row(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Row:
    cells: list[Cell] = [
        (Name(row["client"]),),
        Count(row["train"]),
        Count(row["validation"]),
        *([f"{count(row['counted'])} of {count(row['asked'])}"] if "asked" in row else []),
        plain(row["distance"], 2),
        *([plain(row["epsilon"], 3)] if "epsilon" in row else []),
    ]
    for key in _SCORES:
        if any(key in other for other in rows):
            cells.append(_score(row.get(key)))
    return Row(tuple(cells))


def _score(found: Any) -> Cell:
    """An accuracy with its limits, a loss, or nothing."""
    if found is None:
        return ""
    return Measure(found, "share") if isinstance(found, Mapping) else plain(found)
