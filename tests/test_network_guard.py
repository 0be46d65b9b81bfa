"""The guard of conftest.py itself: what leaves the machine is refused and reported, loopback isn't."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def report() -> Path:
    return Path(os.environ["ASSAY_TEST_CONNECTIONS"])


def test_a_connection_to_another_machine_is_refused_and_reported(report):
    with socket.socket() as sock, pytest.raises(OSError, match="refused"):
        sock.connect(("192.0.2.1", 80))
    assert "192.0.2.1" in report.read_text()
    report.unlink()


def test_a_name_of_another_machine_is_not_looked_up(report):
    with pytest.raises(OSError, match="refused"):
        socket.getaddrinfo("example.org", 443)
    assert "example.org" in report.read_text()
    report.unlink()


def test_a_child_process_is_guarded_too_even_when_it_swallows_the_error(report):
    code = "import socket\ntry: socket.socket().connect(('192.0.2.1', 80))\nexcept OSError: pass"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)
    assert "192.0.2.1" in report.read_text()
    report.unlink()


def test_loopback_is_open():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1])).close()
