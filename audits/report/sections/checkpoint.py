"""Weights from elsewhere: what was taken, and what its makers say that it was trained on."""

from collections.abc import Mapping
from typing import Any

from ..document import Block, Code, Column, Fold, Heading, Name, Prose, Row, Table
from ..figures import count

__all__ = ["checkpoint"]

_SAID = {
    "datasets": "Trained on",
    "base_model": "Made from",
    "license": "Licence",
    "language": "Languages",
}
_NAMED = 12


def checkpoint(report: Mapping[str, Any], found: Mapping[str, Any]) -> list[Block]:
    """Blocks for the section on training: declarations, what is missing of them, and files with digests."""
    said: tuple[Any, ...] = (Name(found["architecture"]), " was taken from ", Code(found["reference"]))
    if "code" in found:
        said += (", code that whoever started the run allowed (", Code(found["code"]["allowed_by"]), ")")
    rows = tuple(
        Row((label, _names(found["card"][key]))) for key, label in _SAID.items() if key in found["card"]
    )
    lacking = [why for place, why in report["missing"].items() if place.startswith("/training/checkpoint/")]
    blocks: list[Block] = [Heading(("Checkpoint",)), Prose((*said, ". ", " ".join(lacking)))]
    if rows:
        caption = "What its own files declare; nobody has checked it"
        blocks.append(Table(caption=caption, columns=(Column("What"), Column("Declared")), rows=rows))
    digests = found.get("files") or {"source of the factory": found["code"]["source"]}
    files = tuple(Row((Name(name), Code(digest))) for name, digest in digests.items() if digest)
    if files:
        table = Table(caption="SHA-256 of its files", columns=(Column("File"), Column("Digest")), rows=files)
        blocks.append(Fold(f"The {count(len(files))} files that were read", (table,)))
    return blocks


def _names(names: list[str]) -> tuple[Any, ...]:
    shown: tuple[Any, ...] = ()
    for name in names[:_NAMED]:
        shown += (", ", Name(name)) if shown else (Name(name),)
    return (*shown, f" and {count(len(names) - _NAMED)} more") if len(names) > _NAMED else shown
