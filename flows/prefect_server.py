"""Prefect's API for one run: a server process on loopback that ends with whoever started it.

Prefect's own ephemeral server starts when the flow is called, and the flow waits for it (15 s here). This one
is started first and boots while the run imports its libraries and reads its data.
"""

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from ..platform.exceptions import AssayError
from .environment import QUIET

#: Seconds that a server may take to answer; a fresh database takes about 13 on two slow cores.
START_SECONDS = 180.0


class PrefectServer:
    """A Prefect API server as a child process.

    The child reads its standard input and ends at its end, so it outlives neither a kill -9 of the parent nor
    a parent that forgot to close it.
    """

    def __init__(self, prefect_home: Path) -> None:
        prefect_home.mkdir(parents=True, exist_ok=True)
        self._log_path = prefect_home / "server.log"
        self.port = _free_port()
        environment = (
            os.environ
            | QUIET
            | {
                "PREFECT_HOME": str(prefect_home),
                "PREFECT_UI_ENABLED": "0",
                "PREFECT__SERVER_EPHEMERAL": "1",
            }
        )
        environment.pop("PREFECT_API_URL", None)
        with self._log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(self.port)],
                stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment,
            )  # fmt: skip

    @property
    def url(self) -> str:
        """What `PREFECT_API_URL` has to be for this server."""
        return f"http://127.0.0.1:{self.port}/api"

    def answers(self) -> bool:
        """Whether it is up."""
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def wait(self) -> None:
        """Return when the server answers.

        Raises:
            AssayError: it ended, or didn't answer in time; the end of its log is in the message.
        """
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            if self.answers():
                return
            time.sleep(0.1)
        tail = self._log_path.read_text(errors="replace")[-2000:]
        raise AssayError(f"Prefect's server didn't start (log: {self._log_path})\n{tail}")

    def close(self) -> None:
        """End the server; nothing waits on it any more, so it isn't asked twice."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def _serve(port: int) -> None:
    import uvicorn

    threading.Thread(target=_end_with_parent, daemon=True).start()
    uvicorn.run(
        "prefect.server.api.server:create_app",
        factory=True, host="127.0.0.1", port=port, log_level="error", lifespan="on",
    )  # fmt: skip


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
