"""R9 and the command as a person types it: a server of its own, JSON alone on standard output, no network."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ASSAY = Path(sys.executable).parent / "assay"
GUARD = Path(__file__).parents[1] / "no_network"


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> tuple[subprocess.CompletedProcess, Path, Path]:
    """The packaged Adult example, one epoch, in an environment that switches no telemetry off for it."""
    home = tmp_path_factory.mktemp("adult")
    connections = home / "connections.txt"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": str(GUARD),
        "ASSAY_TEST_CONNECTIONS": str(connections),
    }
    command = [ASSAY, "run", "--set", "train.epochs=1", "--home", home / "assay", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=home, timeout=600)
    return done, home, connections


def test_one_object_stands_on_standard_output_and_nothing_else(run):
    done, _, _ = run
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert list(answer) == ["model", "version", "path", "gate", "report", "stages"]
    assert (answer["model"], answer["version"]) == ("adult-income", 1)
    assert Path(answer["report"]["html"]).stat().st_size < 1_000_000


def test_plain_lines_tell_of_every_stage(run):
    said = run[0].stderr
    for stage in ("ingest", "train", "calibrate", "audit", "report"):
        assert f"{stage}: started" in said
    assert "Traceback" not in said


def test_no_connection_leaves_the_machine(run):
    _, _, connections = run
    assert not connections.exists(), connections.read_text()


def test_nothing_is_written_outside_the_home(run):
    _, home, _ = run
    assert {path.name for path in home.iterdir() if not path.name.startswith(".cache")} <= {"assay"}


def test_official_rows_are_kept_and_the_report_tells_of_shared_ones(run):
    report = json.loads(Path(json.loads(run[0].stdout)["report"]["json"]).read_bytes())
    assert report["data"]["splits"]["test"] == 16_281
    assert report["data"]["rows"] == 48_842
    assert not {"sex", "race", "fnlwgt"} & set(report["data"]["features"])
