"""What `assay run` prints at its end: stages, gate, and where the report lies."""

import json
import os

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...audits.report import summary
from ..result import RunResult

#: A shape and a colour for each verdict: neither alone has to be seen.
MARKS = {"pass": ("●", "green"), "fail": ("■", "red"), "inconclusive": ("◐", "yellow"), "": ("", "")}


def print_result(result: RunResult) -> None:
    """The table of stages, the checks of the gate, the verdict and the report's path."""
    console = Console()
    console.print(_stages(result))
    console.print()
    console.print(_checks(json.loads(result.report["json"].read_bytes())))
    mark, colour = MARKS[result.gate]
    verdict = Text.assemble(
        (f"{mark} gate: {result.gate}", f"bold {colour}"), f"   {result.model}@{result.version}"
    )
    console.print("\n", verdict, sep="")
    # Not through Rich: a path that is broken into lines can't be opened.
    print(f"report: {os.path.relpath(result.report['html'])}")


def _stages(result: RunResult) -> Table:
    table = Table("stage", box=None, pad_edge=False)
    table.add_column("seconds", justify="right")
    table.add_column("Wh", justify="right")
    table.add_column("")
    for stage in result.stages:
        energy = "unread" if stage.kwh is None else f"{stage.kwh * 1000:.3f}"
        table.add_row(stage.name, f"{stage.seconds:.1f}", energy, "unchanged" if stage.cached else "")
    return table


def _checks(report: dict) -> Table:
    table = Table("what was measured", box=None, pad_edge=False)
    for column in ("value", "95% interval", "limit"):
        table.add_column(column, justify="right")
    table.add_column("verdict")
    for row in summary(report):
        mark, colour = MARKS[row.verdict]
        table.add_row(
            Text(row.what), Text(row.value), Text(row.interval), Text(row.limit),
            Text(f"{mark} {row.verdict}", style=colour),
        )  # fmt: skip
    return table
