"""What `assay run` prints at its end: stages, gate, and where the report lies."""

import os

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..result import RunResult

#: A shape and a colour for each verdict: neither alone has to be seen.
MARKS = {"pass": ("●", "green"), "fail": ("■", "red"), "inconclusive": ("◐", "yellow")}


def print_result(result: RunResult) -> None:
    """The table of stages, the gate with its checks, and the report's path."""
    import json

    console = Console()
    console.print(_stages(result))
    report = json.loads(result.report["json"].read_bytes())
    checks = report.get("policy", {}).get("checks", [])
    if checks:
        console.print(_checks(checks))
    mark, colour = MARKS[result.gate]
    console.print(Text(f"{mark} gate: {result.gate}", style=f"bold {colour}"), end="")
    console.print(f"   {result.model} version {result.version}", highlight=False)
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


def _checks(checks: list[dict]) -> Table:
    table = Table("check", box=None, pad_edge=False)
    for column in ("limit", "value", "95% bounds"):
        table.add_column(column, justify="right")
    table.add_column("verdict")
    for check in checks:
        over = check.get("over")
        where = f" over {over if isinstance(over, str) else ' × '.join(over)}" if over else ""
        limit = " ".join(
            f"{'≥' if side == 'min' else '≤'} {value:g}" for side, value in check["limit"].items()
        )
        mark, colour = MARKS[check["status"]]
        table.add_row(
            Text(check["metric"] + where),
            limit,
            "–" if check.get("value") is None else f"{check['value']:.4g}",
            _bounds(check.get("one_sided")),
            Text(f"{mark} {check['status']}", style=colour),
        )
    return table


def _bounds(bounds: list[float | None] | None) -> str:
    if not bounds:
        return "–"
    return " – ".join("∞" if bound is None else f"{bound:.4g}" for bound in bounds)
