"""The whole report as a `Document`: what comes first, what follows, how each part is rechecked."""

from collections.abc import Mapping
from typing import Any

from .document import Code, Document, Inline, Name, Prose, Section, Status, Text
from .figures import count, short_digest
from .headlines import headlines
from .identity import identity
from .pointers import within
from .sections.adaptation import adaptation
from .sections.calibration import calibration
from .sections.carbon import carbon
from .sections.data import data
from .sections.explanation import explanation
from .sections.fairness import fairness
from .sections.gate import gate, waiver_line, waiver_of
from .sections.glossary import glossary
from .sections.lineage import lineage, verify_command
from .sections.mitigation import mitigation
from .sections.performance import performance
from .sections.privacy import privacy
from .sections.robustness import robustness
from .sections.row_audit import row_faults
from .sections.sheet import LONGEST
from .sections.subgroups import subgroups
from .sections.training import training
from .sections.variation import variation
from .standouts import standouts
from .unknowns import unknowns

__all__ = ["compose"]

_PARTS = (
    (gate, None),
    (performance, "/performance"),
    (fairness, "/fairness"),
    (subgroups, "/slices"),
    (mitigation, "/mitigation"),
    (adaptation, "/adaptation"),
    (calibration, "/calibration"),
    (explanation, "/explanation"),
    (robustness, "/robustness"),
    (privacy, "/privacy"),
    (variation, "/variation"),
    (data, "/data"),
    (training, "/training"),
    (carbon, "/carbon"),
    (lineage, None),
    (glossary, None),
)
_CARD = (
    ("description", ""),
    ("intended_use", "For"),
    ("out_of_scope", "Not for"),
    ("contact", "Contact"),
    ("license", "License"),
)
_FIRST = 6  # unknowns on the first screen; the rest are folded


def compose(report: Mapping[str, Any]) -> Document:
    """Lay a report out, in words and blocks; nothing here depends on anything but the report."""
    model, lines = report["model"], unknowns(report)
    return Document(
        name=model["name"],
        version="" if model["version"] is None else f"version {model['version']}",
        status=_status(report),
        tally=_tally(report),
        card=tuple(
            (word, (Name(str(report["card"][key]), whole=True),))
            for key, word in _CARD
            if report["card"].get(key)
        ),
        identity=_identity(model, report),
        notices=_notices(report),
        headlines=headlines(report),
        standouts=tuple(standouts(report)),
        unknowns=tuple(lines[:_FIRST]),
        more_unknowns=_rest(lines[_FIRST:]),
        sections=tuple(_with_recheck(part(report), place, report) for part, place in _PARTS),
        colophon=_colophon(report),
    )


def _rest(lines: list[tuple[Inline, ...]]) -> tuple[Text, ...]:
    """The unknowns that the first screen has no room for; a very long list ends with its count."""
    more = len(lines) - LONGEST
    return (*lines[:LONGEST], *([f"And {more} more in report.json."] if more > 0 else []))


def _status(report: Mapping[str, Any]) -> Status:
    return report["policy"]["status"] if "policy" in report else "none"


def _tally(report: Mapping[str, Any]) -> str:
    if "policy" not in report:
        return "no limits declared"
    checks, waivers = report["policy"]["checks"], report["policy"]["waivers"]
    said = [check["status"] for check in checks]
    waived = sum(waiver_of(check, waivers) is not None for check in checks)
    tally = f"{said.count('pass')} pass · {said.count('inconclusive')} open · {said.count('fail')} fail"
    return f"{tally} · {waived} waived" if waived else tally


def _identity(model: Mapping[str, Any], report: Mapping[str, Any]) -> tuple[tuple[str, Text], ...]:
    pairs: list[tuple[str, Text]] = []
    if "architecture" in model:
        size = f", {count(model['parameters'])} parameters" if "parameters" in model else ""
        pairs.append(("model", (Name(model["architecture"]), size)))
    pairs.append(("task", model["task"].replace("_", "-")))
    digests = (
        ("weights", model.get("digest")),
        ("data", report["data"].get("digest")),
        ("spec", model.get("spec_digest")),
    )
    pairs += [(word, Code(short_digest(digest))) for word, digest in digests if digest]
    return tuple(pairs)


def _notices(report: Mapping[str, Any]) -> tuple[Text, ...]:
    """What must be seen before any number: waivers, and faults of the rows that make numbers too good."""
    waivers = (waiver_line(waiver) for waiver in report.get("policy", {}).get("waivers", []))
    return (*waivers, *row_faults(report))


def _with_recheck(section: Section, place: str | None, report: Mapping[str, Any]) -> Section:
    """The section with the command that rechecks it, where there is evidence."""
    digests = {digest for key, digest in report["evidence"].items() if place and within(key, place)}
    if not digests:
        return section
    line: list[Inline] = ["Recheck: ", Code(verify_command(report)), " · evidence "]
    for index, digest in enumerate(sorted(digests)[:4]):
        line += [", ", Code(short_digest(digest))] if index else [Code(short_digest(digest))]
    return Section(section.anchor, section.title, (*section.blocks, Prose(tuple(line), small=True)))


def _colophon(report: Mapping[str, Any]) -> tuple[Text, ...]:
    return (
        ("Audited ", Name(report["created"]), f" · report.json schema {report['schema_version']}"),
        ("Identity of the findings ", Code(identity(dict(report)))),
    )
