"""Where every number comes from, and how anyone can recheck it."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from ..document import Block, Cell, Code, Column, Count, Facts, Fold, Name, Prose, Row, Section, Table
from .sheet import LONGEST, cell, sheet

__all__ = ["lineage", "verify_command"]


def verify_command(report: Mapping[str, Any]) -> str:
    """The command that rechecks this version, safe to paste into a shell."""
    version = report["model"]["version"]
    name = " ".join(report["model"]["name"].split())
    return "assay verify " + shlex.quote(name if version is None else f"{name}@{version}")


def lineage(report: Mapping[str, Any]) -> Section:
    """How to recheck, artifacts, engine, environment, spec, evidence."""
    found = report["lineage"]
    blocks: list[Block] = [
        Prose(
            (
                Code(verify_command(report)),
                " recomputes every digest and every number that the stored predictions allow, renders this"
                " page again and compares. It exits with 5 and a list where anything differs.",
            )
        )
    ]
    if found["artifacts"]:
        blocks.append(_artifacts(found["artifacts"]))
    blocks += _made_with(found)
    if report["evidence"]:
        table = _pairs(
            "What proves which part",
            ("Part of report.json", "Digest of its evidence"),
            list(report["evidence"].items()),
        )
        blocks.append(Fold(f"Evidence for {len(report['evidence'])} parts of the report", (table,)))
    places = tuple(Row((Code(place),)) for place in report["volatile"][:LONGEST])
    caption = "Fields that may differ between two runs of one spec; identity leaves them out"
    blocks.append(Fold("Volatile fields", (Table(caption=caption, columns=(Column("Field"),), rows=places),)))
    return Section("lineage", "Lineage and recheck", tuple(blocks))


def _made_with(found: Mapping[str, Any]) -> list[Block]:
    """Engine, code and environment as facts; what has an inside is folded."""
    pairs: list[tuple[str, Cell]] = []
    if "engine" in found:
        pairs += [
            ("Engine", (Name(found["engine"]["name"]),)),
            ("Workers", Count(found["engine"]["workers"])),
        ]
    folds: list[Block] = []
    for key, title in (("code", "Code"), ("environment", "Environment"), ("spec", "The spec, as it was run")):
        value = found.get(key)
        if isinstance(value, Mapping) and value:
            folds.append(Fold(title, tuple(sheet(value))))
        elif value:
            pairs.append((title, cell(value)))
    return [Facts(tuple(pairs)), *folds] if pairs else folds


def _artifacts(artifacts: Sequence[Mapping[str, Any]]) -> Table:
    rows = tuple(Row(((Name(held["kind"]),), Code(held["digest"]))) for held in artifacts)
    return Table(caption="Artifacts", columns=(Column("Artifact"), Column("Digest")), rows=rows)


def _pairs(caption: str, heads: tuple[str, str], pairs: list[tuple[str, str]]) -> Table:
    rows = tuple(Row((Code(first), Code(second))) for first, second in pairs[:LONGEST])
    more = f"; {len(pairs) - LONGEST} more in report.json" if len(pairs) > LONGEST else ""
    return Table(caption=caption + more, columns=(Column(heads[0]), Column(heads[1])), rows=rows)
