"""Kills and races: a reader never sees a half-written artifact, nothing is lost, nothing is left behind."""

import random
import signal
import subprocess
import sys
import time

import pytest
from assay.platform.store import Store, cache_key

PRELUDE = """
import os, sys, time
from pathlib import Path
from assay.platform.store import Store, cache_key
store = Store(sys.argv[1])
def recipe(number):
    return dict(kind="model", inputs={}, section=number, code="c", libraries={})
def publish(number):
    with store.publish(cache_key(**recipe(number)), **recipe(number)) as draft:
        for name in range(4):
            (draft.path / f"{name}.bin").write_bytes(bytes([number % 256]) * 50_000)
    return draft.artifact
"""


def start(store: Store, code: str, *arguments: str) -> subprocess.Popen:
    """A process that says "ready" once it has imported everything."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"{PRELUDE}\nprint('ready', flush=True)\n{code}", str(store.root), *arguments],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


def kill(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    process.stdin.close()


def key_of(number: int) -> str:
    return cache_key(kind="model", inputs={}, section=number, code="c", libraries={})


def test_a_publisher_killed_at_random_moments_never_shows_half_an_artifact(store):
    moments = random.Random(0)
    for attempt in range(12):
        process = start(store, "for number in range(100_000): publish(number)")
        until = time.monotonic() + moments.uniform(0.0, 0.15)
        while time.monotonic() < until:
            store.lookup(key_of(moments.randrange(40)))
        kill(process)
        seen = 0
        while (artifact := store.lookup(key_of(seen))) is not None:
            assert {(artifact.path / name).read_bytes()[:1] for name in artifact.manifest.files} == {
                bytes([seen % 256])
            }
            seen += 1
        assert store.warnings == []
        assert len(list((store.root / "artifacts").glob("*"))) == seen, attempt
    assert seen > 0


def test_drafts_of_the_dead_are_swept_and_those_of_the_living_are_not(store, key, recipe):
    hang = "with store.publish(cache_key(**recipe(0)), **recipe(0)) as draft:\n"
    hang += "    (draft.path / 'data').write_bytes(b'x'); print(draft.path, flush=True); sys.stdin.read()"
    dead, living = start(store, hang), start(store, hang)
    dead_draft, living_draft = dead.stdout.readline().strip(), living.stdout.readline().strip()
    kill(dead)
    with store.publish(key, **recipe) as draft:
        (draft.path / "data").write_bytes(b"x")
        drafts = {str(path) for path in (store.root / "drafts").iterdir()}
    assert drafts == {living_draft, str(draft.path)}
    assert dead_draft not in drafts
    living.communicate()
    assert living.returncode == 0
    assert store.lookup(key_of(0)) is not None


def test_eight_processes_that_publish_one_key_share_one_artifact(store):
    code = "sys.stdin.readline(); print(publish(7).digest)"
    processes = [start(store, code) for _ in range(8)]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    digests = {process.communicate()[0].strip() for process in processes}
    assert [process.returncode for process in processes] == [0] * 8
    assert digests == {store.get(key_of(7)).digest}
    assert list((store.root / "drafts").iterdir()) == []
    assert len(list((store.root / "artifacts").iterdir())) == 1


@pytest.fixture
def checkpointing(store):
    """A process that has written a checkpoint into the scratch of key 0 and goes on living."""
    code = "folder = store.scratch(cache_key(**recipe(0)))\n(folder / 'checkpoint').write_text('half')\n"
    return lambda more="": start(store, f"{code}{more}\nprint(folder, flush=True); sys.stdin.read()")


def test_scratch_that_a_living_process_holds_is_not_shared_and_that_of_a_dead_one_is_taken_over(
    store, checkpointing
):
    process = checkpointing()
    held = process.stdout.readline().strip()
    mine = Store(store.root).scratch(key_of(0))
    assert str(mine) != held
    store.clear_scratch(key_of(0))
    assert not mine.exists()
    kill(process)
    again = store.scratch(key_of(0))
    assert str(again) == held
    assert (again / "checkpoint").read_text() == "half"


def test_a_forked_child_does_not_keep_the_scratch_of_its_dead_parent(store, checkpointing):
    fork = "if os.fork() == 0: print(os.getpid(), flush=True); time.sleep(60)\nos.read(0, 1)"
    process = checkpointing(fork)
    child = int(process.stdout.readline())
    process.stdin.write("g")
    process.stdin.flush()
    held = process.stdout.readline().strip()
    kill(process)
    try:
        assert str(store.scratch(key_of(0))) == held
    finally:
        subprocess.run(["kill", "-9", str(child)], check=True)
