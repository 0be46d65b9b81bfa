"""R1 for private training: the ledger never forgets a step that touched rows, and no step is drawn twice.

The ordinary suite kills the train stage at every moment that matters to the ledger; `make test-slow` whole
runs, each twice, at twenty moments uniform in their time, at least five of them inside training.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from assay.flows.chain import Run, perform
from assay.flows.home import Home
from assay.flows.spec import parse_spec
from assay.flows.stages import INGEST, TRAIN
from assay.flows.version import open_version
from assay.platform.exceptions import LedgerError
from assay.platform.privacy.ledger import book
from assay.platform.store import Store
from sqlalchemy.exc import OperationalError

ASSAY = Path(sys.executable).parent / "assay"
PROGRAM = Path(__file__).with_name("killed_private_stage.py")
DELTA = 1e-4

#: With a seed, so that a killed run's weights can be compared with those of a run that nobody killed.
PRIVACY = {"epsilon": 2.0, "delta": DELTA, "accountant": "rdp", "noise_seed": 5}

#: What the ledger holds of a run that was killed there.
KILLED = {
    "before it is reserved": [],
    "between reserve and the first checkpoint": ["reserved"],
    "between reserve and begin": ["reserved"],
    "between begin and the first step": ["begun"],
    "inside the first step": ["begun"],
    "inside an epoch": ["begun"],
    "while a checkpoint is written": ["begun"],
    "between the last step and settle": ["begun"],
    "between settle and publish": ["settled"],
    "between publish and the end": ["settled"],
}


@pytest.fixture(scope="module")
def private_spec(loans_spec) -> Callable[..., dict]:
    """The loans, trained privately, with a checkpoint after each step."""

    def spec(**train: Any) -> dict:
        told = {"epochs": 2, "batch_size": 64, "patience": None, "checkpoint_seconds": 0.0}
        return loans_spec(train=told | train, privacy=PRIVACY)

    return spec


@pytest.fixture(scope="module")
def answers(private_spec, tmp_path_factory) -> dict[str, Any]:
    """What the program found at each moment."""
    root = tmp_path_factory.mktemp("killed")
    (root / "spec.json").write_text(json.dumps(private_spec()))
    command = [sys.executable, PROGRAM, root / "spec.json", root]
    found = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


@pytest.mark.parametrize("moment", KILLED)
def test_a_run_killed_at_a_moment_is_counted_as_far_as_it_came(answers, moment):
    assert answers[moment]["signal"] == signal.SIGKILL
    killed = answers[moment]["killed"]
    assert killed["stages"] == KILLED[moment]
    if killed["steps"]:
        assert killed["stages"][-1] in ("begun", "settled")
    assert (killed["epsilon"] > 0) == bool(killed["stages"])
    assert set(killed["modes"]) == {"0o700"}
    assert all(killed["artifacts"])


@pytest.mark.parametrize("moment", KILLED)
def test_and_ends_when_started_again_as_if_nothing_had_happened(answers, moment):
    killed, then, whole = answers[moment]["killed"], answers[moment]["then"], answers["never"]["then"]
    assert [stage for stage in then["stages"] if stage != "released"] == ["settled"]
    assert then["epsilon"] == whole["epsilon"] >= killed["epsilon"]
    assert then["digest"] == whole["digest"] is not None
    assert then["modes"] == []
    # A step that was done again had been drawn, and never more than the one since the last checkpoint.
    assert whole["steps"] <= then["steps"] <= whole["steps"] + 1


@pytest.mark.parametrize(("kind", "left"), [("reserve", []), ("begin", ["reserved"]), ("settle", ["begun"])])
def test_where_the_disk_is_full_the_run_ends_there_and_goes_on_when_it_is_not(
    private_spec, tmp_path, monkeypatch, kind, left
):
    write, home = book.append, Home(tmp_path)

    def train() -> Run:
        run = Run.open(parse_spec(private_spec()), home)
        for stage in (INGEST, TRAIN):
            perform(stage, run)
        return run

    def full(connection, head, body):
        if body["kind"] == kind:
            raise OperationalError("INSERT", {}, OSError("database or disk is full"))
        return write(connection, head, body)

    with monkeypatch.context() as patched:
        patched.setattr(book, "append", full)
        with pytest.raises(LedgerError, match="disk is full"):
            train()
    assert [one.stage for one in home.ledger().reservations()] == left
    taken = {int(path.name.split(".")[0]) for path in (tmp_path / "store" / "scratch").glob("*/train/0*")}
    assert (max(taken, default=0) > 0) == (kind == "settle")
    assert len(list((tmp_path / "store" / "artifacts").iterdir())) == 1, "the data, and no model"
    assert train().path("train").is_dir()
    assert [one.stage for one in home.ledger().reservations()] == ["settled"]


@pytest.fixture(scope="module")
def spec_file(private_spec, tmp_path_factory) -> Path:
    """A run that is in training for most of its time."""
    path = tmp_path_factory.mktemp("kill") / "spec.yaml"
    spec = private_spec(epochs=20, batch_size=16, checkpoint_seconds=0.05)
    spec["audit"] = {"explain": {"methods": []}, "fairness": {"replicates": 50}}
    path.write_text(yaml.safe_dump(spec))
    return path


@pytest.fixture(scope="module")
def untouched(spec_file, prefect_api, tmp_path_factory) -> tuple[dict, float]:
    """What a run gives that nobody kills, and how long it takes."""
    start = time.monotonic()
    return finish(spec_file, tmp_path_factory.mktemp("untouched")), time.monotonic() - start


@pytest.mark.slow
def test_twenty_kills_uniform_in_time_leave_the_ledger_and_the_weights_as_they_should_be(
    untouched, spec_file, tmp_path
):
    expected, seconds = untouched
    draw, kills, homes = np.random.default_rng(0), [], 0
    while len(kills) < 20 or sum(steps > 0 for steps, _ in kills) < 5:
        home, homes, spent = tmp_path / str(homes), homes + 1, 0.0
        for moment in draw.uniform(0, seconds, 2):
            if not kill_after(moment, spec_file, home):
                break  # it goes on faster than it began, and was through
            steps, stages, now = left_behind(home)
            if steps:
                assert stages[-1] in ("begun", "settled"), f"{steps} steps, and the ledger says {stages}"
            assert now >= spent
            spent = now
            kills.append((steps, stages[-1] if stages else "nothing"))
        assert finish(spec_file, home) == expected
        assert epsilon(home) >= spent
        (settled,) = [one for one in Home(home).ledger().reservations() if one.stage != "released"]
        assert (settled.stage, settled.version) == ("settled", "loans@1")
        assert not list((home / "store" / "scratch").glob("*/train"))
    print(len(kills), "kills:", sorted(kills))


def finish(spec: Path, home: Path) -> dict:
    """Run to the end; the digests of everything that identifies the result."""
    command = [ASSAY, "run", spec, "--home", home, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert len(Home(home).registry().versions("loans")) == 1
    return dict(open_version(Home(home), "loans").record.digests)


def kill_after(seconds: float, spec: Path, home: Path) -> bool:
    """Start a run; kill -9 it and what it started. False where it had ended by then."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    run = subprocess.Popen([ASSAY, "run", spec, "--home", home], start_new_session=True, **quiet)
    try:
        run.wait(timeout=seconds)
        return False
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        return True


def left_behind(home: Path) -> tuple[int, list[str], float]:
    """Steps that a killed run surely took, what the ledger holds of it, and its epsilon."""
    folders = list((home / "store" / "scratch").glob("*/train"))
    assert all(folder.stat().st_mode & 0o777 == 0o700 for folder in folders)
    for folder in (home / "store" / "artifacts").glob("*"):
        assert Store(home / "store").lookup(folder.name) is not None, "a half-written artifact"
    steps = [int(path.name.split(".")[0]) for folder in folders for path in folder.glob("*.safetensors")]
    ledger = Home(home).ledger()
    stages = [one.stage for one in ledger.reservations()] if ledger.exists else []
    return max(steps, default=0), stages, epsilon(home)


def epsilon(home: Path) -> float:
    """What was spent."""
    ledger = Home(home).ledger()
    found = ledger.datasets() if ledger.exists else ()
    return max((ledger.spent(name, unit=unit, delta=DELTA).epsilon for unit, name, _ in found), default=0.0)
