"""R1: a run that is killed at any moment ends, when started again, in the result of a run that never was.

The ordinary suite kills twice; `make test-slow` twenty times, at moments uniform in the run's time, at least
five of them inside an epoch.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from assay.flows.home import Home
from assay.flows.version import open_version
from assay.platform.store import Store

ASSAY = Path(sys.executable).parent / "assay"


@pytest.fixture(scope="module")
def spec_file(loans_spec, tmp_path_factory) -> Path:
    """A spec whose training takes long enough to be killed inside, with checkpoints at every chance."""
    path = tmp_path_factory.mktemp("kill") / "spec.yaml"
    train = {"epochs": 60, "batch_size": 16, "patience": None, "checkpoint_seconds": 0.2}
    path.write_text(yaml.safe_dump(loans_spec(train=train)))
    return path


@pytest.fixture(scope="module")
def untouched(spec_file, prefect_api, tmp_path_factory) -> tuple[dict, float]:
    """What a run gives that nobody kills, and how long it takes."""
    start = time.monotonic()
    return finish(spec_file, tmp_path_factory.mktemp("untouched")), time.monotonic() - start


def finish(spec: Path, home: Path) -> dict:
    """Run to the end; the digests of everything that identifies the result."""
    command = [ASSAY, "run", spec, "--home", home, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["version"] == 1
    version = open_version(Home(home), "loans")
    return dict(version.record.digests)


def killed_after(seconds: float, spec: Path, home: Path) -> str:
    """Start a run, kill -9 it and what it started after `seconds`; the stage that it was in."""
    log = home.with_suffix(".log")
    with log.open("w") as stream:
        run = subprocess.Popen(
            [ASSAY, "run", spec, "--home", home, "--json"],
            stdout=subprocess.DEVNULL, stderr=stream, start_new_session=True,
        )  # fmt: skip
        try:
            run.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
    lines = log.read_text().splitlines()
    started = [line.removesuffix(": started") for line in lines if line.endswith(": started")]
    ended = {line.partition(":")[0] for line in lines if not line.endswith(": started")}
    return next((stage for stage in started if stage not in ended), "between stages")


def check(moment: float, spec: Path, home: Path, expected: dict) -> str:
    """Kill at a moment, look at what is left, finish, compare; the stage in which it was killed."""
    stage = killed_after(moment, spec, home)
    left = Store(home / "store")
    for folder in (home / "store" / "artifacts").glob("*"):
        assert left.lookup(folder.name) is not None, f"half-written artifact after a kill in {stage}"
    assert finish(spec, home) == expected, f"killed after {moment:.2f} s in {stage}"
    assert len(Home(home).registry().versions("loans")) == 1
    return stage


def test_a_run_killed_in_training_and_one_killed_early_end_as_if_nothing_had_happened(
    untouched, spec_file, tmp_path
):
    expected, seconds = untouched
    for index, share in enumerate((0.25, 0.6)):
        check(share * seconds, spec_file, tmp_path / str(index), expected)


@pytest.mark.slow
def test_twenty_kills_uniform_in_time_change_nothing(untouched, spec_file, tmp_path):
    expected, seconds = untouched
    draw = np.random.default_rng(0)
    stages = [
        check(moment, spec_file, tmp_path / str(index), expected)
        for index, moment in enumerate(draw.uniform(0, seconds, 20))
    ]
    inside = stages.count("train")
    while inside < 5:
        moment = draw.uniform(0, seconds)
        stages.append(check(moment, spec_file, tmp_path / str(len(stages)), expected))
        inside = stages.count("train")
    print({stage: stages.count(stage) for stage in sorted(set(stages))})
    assert len(stages) >= 20
