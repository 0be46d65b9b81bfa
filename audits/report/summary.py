"""The report in a few lines: for the table at the end of a run and for an orchestrator's page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .figures import bound, figure, interval
from .headlines import headlines
from .markdown_text import escape
from .metrics import describe
from .sections.gate import check_title
from .taming import spoken
from .unknowns import unknowns

__all__ = ["SummaryRow", "summary", "summary_markdown"]

_NONE = "not measured"


@dataclass(frozen=True)
class SummaryRow:
    """One line: plain text, no markup; `verdict` is empty where no limit asks for one."""

    what: str
    value: str
    interval: str
    limit: str
    verdict: str


def summary(report: Mapping[str, Any]) -> list[SummaryRow]:
    """Every check of the policy, then those of the four headline numbers that no check covers."""
    checks = report.get("policy", {}).get("checks", [])
    rows = [_of_check(check) for check in checks]
    covered = {row.what for row in rows} | {row.value for row in rows} - {_NONE}
    for one in headlines(report):
        notes = [spoken(note) for note in one.notes]
        label, held = spoken(one.label), notes[0].removeprefix("95%: ") if notes else ""
        if label not in covered and one.figure not in covered:
            rows.append(SummaryRow(label, one.figure, held, "", ""))
    return rows


def summary_markdown(report: Mapping[str, Any]) -> str:
    """The same as a Markdown table under the verdict, with the count of what is not known."""
    model = report["model"]
    version = f" version {model['version']}" if model["version"] is not None else ""
    status = report["policy"]["status"] if "policy" in report else "no gate"
    lines = [f"## {escape(model['name'])}{version}: {status}", ""]
    lines += ["| What | Value | 95% interval | Limit | Verdict |", "| --- | ---: | ---: | ---: | --- |"]
    for row in summary(report):
        cells = (row.what, row.value, row.interval, row.limit, row.verdict)
        lines.append("| " + " | ".join(escape(text) for text in cells) + " |")
    return "\n".join(
        [*lines, "", f"{len(unknowns(report))} things are not known: the report lists them.", ""]
    )


def _of_check(check: Mapping[str, Any]) -> SummaryRow:
    unit = describe(check["metric"]).unit
    signs = {"min": "≥", "max": "≤"}
    limit = " and ".join(f"{signs[side]} {bound(value, unit)}" for side, value in check["limit"].items())
    measured = check.get("value") is not None
    value = figure(check, unit) if measured else "evidence" if check.get("requires") else _NONE
    held = interval(check, unit) if measured else ""
    return SummaryRow(spoken(check_title(check)), value, held, limit, check["status"])
