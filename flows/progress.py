"""What a person sees while a run works: bars on a terminal, plain lines elsewhere; on standard error."""

import sys
import time
from typing import Any, Protocol

from ..platform.training.progress import Progress

#: Seconds between two plain lines of one stage: a log is read afterwards, by people.
LINE_SECONDS = 15.0


class Display(Protocol):
    """Where the stages of a run report to."""

    def started(self, stage: str) -> None: ...

    def moved(self, progress: Progress) -> None: ...

    def finished(self, stage: str, note: str) -> None: ...

    def close(self) -> None: ...


class Lines:
    """Plain lines: one at the start and end of a stage, and one now and then between."""

    def __init__(self, stream: Any = None) -> None:
        self._stream = stream or sys.stderr
        self._last = time.monotonic()

    def started(self, stage: str) -> None:
        self._say(f"{stage}: started")

    def moved(self, progress: Progress) -> None:
        if time.monotonic() - self._last >= LINE_SECONDS:
            self._say(f"{progress.stage}: {progress.step}/{progress.total} {_metrics(progress)}")

    def finished(self, stage: str, note: str) -> None:
        self._say(f"{stage}: {note}")

    def close(self) -> None:
        """Nothing is held open."""

    def _say(self, line: str) -> None:
        self._last = time.monotonic()
        print(line.rstrip(), file=self._stream, flush=True)


class Bars:
    """One bar a stage, by Rich."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        self._bars = RichProgress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description:<10}"),
            BarColumn(bar_width=28),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[note]}[/]"),
            console=Console(stderr=True),
        )
        self._rows: dict[str, Any] = {}
        self._bars.start()

    def started(self, stage: str) -> None:
        self._rows[stage] = self._bars.add_task(stage, total=None, note="")

    def moved(self, progress: Progress) -> None:
        if progress.stage in self._rows:
            self._bars.update(
                self._rows[progress.stage],
                total=progress.total, completed=progress.step, note=_metrics(progress),
            )  # fmt: skip

    def finished(self, stage: str, note: str) -> None:
        if stage not in self._rows:
            self.started(stage)
        self._bars.update(self._rows[stage], total=1, completed=1, note=note)

    def close(self) -> None:
        self._bars.stop()


def display() -> Display:
    """Bars when a person looks on, lines when a file does."""
    return Bars() if sys.stderr.isatty() else Lines()


def _metrics(progress: Progress) -> str:
    return " ".join(f"{name} {value:.4g}" for name, value in progress.metrics.items())
