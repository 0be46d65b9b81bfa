"""How a command that makes a version shows its work and answers."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from .options import print_json

if TYPE_CHECKING:
    from ..progress import Display
    from ..result import RunResult


def answer(work: "Callable[[Display], RunResult]", *, json: bool, gate: bool) -> None:
    """Do the work under a display, then print its result.

    Args:
        work: makes the version, and tells the display how far it is.
        json: print one object and nothing else.
        gate: end with the verdict's exit code.
    """
    from ..progress import display

    shown = display()
    try:
        result = work(shown)
    finally:
        shown.close()
    if json:
        print_json(result.to_json())
    else:
        from .run_table import print_result

        print_result(result)
    if gate:
        raise typer.Exit(result.gate_exit_code)
