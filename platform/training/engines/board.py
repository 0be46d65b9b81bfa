"""What workers tell the driver: small files in a folder that both see, each replaced as a whole."""

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ... import exceptions
from ...exceptions import UsageError
from ..progress import Progress


class Board:
    """The folder.

    Args:
        folder: in the stage's scratch.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    def clear(self) -> None:
        """Forget what an earlier process left."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def started(self) -> None:
        """A worker group begins; its first worker says so, with its process number."""
        with open(self.folder / "starts", "a", encoding="utf-8") as file:
            file.write(f"{os.getpid()}\n")

    def starts(self) -> list[int]:
        """Process number of the first worker of each group so far."""
        path = self.folder / "starts"
        return [int(line) for line in path.read_text(encoding="utf-8").split()] if path.exists() else []

    def say(self, progress: Progress) -> None:
        """Leave a sign of life."""
        self._write("progress.json", asdict(progress))

    def conclude(self, details: dict[str, Any]) -> None:
        """Leave what the run came to."""
        self._write("outcome.json", {"details": details})

    def spent(self, rank: int, cpu_seconds: float) -> None:
        """Leave what one worker used of its processor, for the account of energy."""
        self._write(f"spent_{rank}.json", {"name": f"worker {rank}", "cpu_seconds": cpu_seconds})

    def parts(self) -> list[dict[str, Any]]:
        """Name and CPU seconds of each worker that came to its end."""
        paths = sorted(self.folder.glob("spent_*.json"), key=lambda path: (len(path.name), path.name))
        return [json.loads(path.read_bytes()) for path in paths]

    def refuse(self, error: UsageError) -> None:
        """Leave a person's mistake for the driver to raise: trying again would not mend it."""
        facts = {key: getattr(error, key) for key in ("message", "got", "expected", "mend")}
        shown = {key: None if value is None else str(value) for key, value in facts.items()}
        self._write("outcome.json", {"error": type(error).__name__, **shown})

    def outcome(self) -> dict[str, Any]:
        """Details of the run.

        Raises:
            UsageError: the workers refused.
        """
        found = json.loads((self.folder / "outcome.json").read_bytes())
        if "error" in found:
            kind = getattr(exceptions, found.pop("error"))
            raise kind(found.pop("message"), **found)
        return found["details"]

    @contextmanager
    def relayed(self, progress: Callable[[Progress], None], seconds: float = 0.2) -> Iterator[None]:
        """Pass signs of life on while the block runs."""
        over = threading.Event()

        def watch() -> None:
            last = None
            while not over.wait(seconds):
                path = self.folder / "progress.json"
                content = path.read_bytes() if path.exists() else None
                if content is not None and content != last:
                    last = content
                    progress(Progress(**json.loads(content)))

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

    def _write(self, name: str, value: Any) -> None:
        unfinished = self.folder / f"{name}.unfinished"
        unfinished.write_text(json.dumps(value), encoding="utf-8")
        os.replace(unfinished, self.folder / name)
