"""The run's own Prefect server lives no longer than the run, however the run ends."""

import os
import signal
import subprocess
import sys
import time
import urllib.request

import pytest
from assay.flows.prefect_server import PrefectServer
from assay.platform.exceptions import AssayError

PARENT = """
import sys, time
from pathlib import Path
from assay.flows.prefect_server import PrefectServer
server = PrefectServer(Path(sys.argv[1]))
server.wait()
print(server._process.pid, server.url, flush=True)
time.sleep(600)
"""


def gone(pid: int, seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with open(f"/proc/{pid}/stat") as stat:
            if stat.read().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        time.sleep(0.1)
    return False


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks at processes through /proc")
def test_the_server_answers_on_loopback_and_ends_with_a_parent_that_was_killed(tmp_path):
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        try:
            assert parent.stdout is not None
            pid, url = parent.stdout.readline().split()
            assert url.startswith("http://127.0.0.1:")
            with urllib.request.urlopen(f"{url}/health", timeout=10) as answer:
                assert answer.read() == b"true"
        finally:
            parent.send_signal(signal.SIGKILL)
    assert gone(int(pid))


def test_a_server_that_cannot_start_says_so_with_its_log(tmp_path, monkeypatch):
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", "sqlite+aiosqlite:////no/such/folder/x.db")
    server = PrefectServer(tmp_path)
    with pytest.raises(AssayError, match=r"server\.log"):
        server.wait()
    server.close()
