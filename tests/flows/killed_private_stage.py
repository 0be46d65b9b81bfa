"""A program for test_private_kill.py: private training dies of SIGKILL at one moment, and is performed again.

It forks before torch has computed anything, so that libraries are imported once for all processes that die.
Arguments: a file with a spec as JSON, an empty folder. Prints what it found at each moment as JSON.
"""

import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import opacus.accountants  # noqa: F401  (seconds, for once)
import torch._inductor  # noqa: F401
from assay.flows.chain import Run, Stage, perform
from assay.flows.home import Home
from assay.flows.spec import parse_spec
from assay.flows.stages import INGEST, TRAIN
from assay.platform.privacy import stages as private_stages
from assay.platform.privacy.ledger.account import LedgerAccount
from assay.platform.privacy.stepper import PrivateStepper
from assay.platform.store import Store
from assay.platform.training import checkpoints, supervised  # noqa: F401

#: Where it is killed: whose function, before or after it, at which call.
MOMENTS = {
    "before it is reserved": (LedgerAccount, "reserve", "before", 1),
    "between reserve and the first checkpoint": (LedgerAccount, "reserve", "after", 1),
    "between reserve and begin": (LedgerAccount, "begin", "before", 1),
    "between begin and the first step": (LedgerAccount, "begin", "after", 1),
    "inside the first step": (PrivateStepper, "backward", "after", 1),
    "inside an epoch": (PrivateStepper, "backward", "after", 6),
    "while a checkpoint is written": (checkpoints, "sync", "before", 7),
    "between the last step and settle": (LedgerAccount, "settle", "before", 1),
    "between settle and publish": (LedgerAccount, "settle", "after", 1),
    # The first time it is called for the data, which were found.
    "between publish and the end": (
        Store,
        "clear_scratch",
        "before",
        2,
    ),
}


def called(owner: Any, name: str, act: Callable[[int, str], None]) -> None:
    """Make a function tell the number of its call, before and after."""
    original, calls = getattr(owner, name), iter(range(1, 1 << 30))

    def instead(*args: Any, **keywords: Any) -> Any:
        number = next(calls)
        act(number, "before")
        answer = original(*args, **keywords)
        act(number, "after")
        return answer

    setattr(owner, name, instead)


def work(spec: Path, home: Path, moment: str | None, stages: tuple[Stage, ...]) -> None:
    """Perform stages; a byte is kept for each step that saw rows."""
    private_stages.noise_multiplier_for = lambda epsilon, **shape: 1.5  # searching takes longer than training
    steps = os.open(home / "steps", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    called(PrivateStepper, "backward", lambda number, when: when == "before" and os.write(steps, b"."))
    if moment is not None:
        owner, name, where, call = MOMENTS[moment]

        def die(number: int, when: str) -> None:
            if (number, when) == (call, where):
                os.kill(os.getpid(), signal.SIGKILL)

        called(owner, name, die)
    run = Run.open(parse_spec(json.loads(spec.read_bytes())), Home(home))
    for stage in stages:
        perform(stage, run)
    if TRAIN in stages:
        (home / "digest").write_text(run.digest("train", "weights/model.safetensors"))


def in_child(
    spec: Path, home: Path, moment: str | None = None, stages: tuple[Stage, ...] = (INGEST, TRAIN)
) -> int:
    """Work in a process of its own; the signal that it died of."""
    child = os.fork()
    if child == 0:
        try:
            work(spec, home, moment, stages)
        except BaseException:
            traceback.print_exc()
        sys.stderr.flush()
        os._exit(0)
    return os.WTERMSIG(os.waitpid(child, 0)[1])


def found(home: Path) -> dict[str, Any]:
    """What is there: steps so far, the ledger, folders of checkpoints, artifacts."""
    ledger = Home(home).ledger()
    ((unit, dataset, _),) = ledger.datasets()
    scratch = sorted((home / "store" / "scratch").glob("*/train"))
    return {
        "steps": len((home / "steps").read_bytes()),
        "stages": [one.stage for one in ledger.reservations()],
        "epsilon": ledger.spent(dataset, unit=unit, delta=1e-4).epsilon,
        "modes": [oct(folder.stat().st_mode & 0o777) for folder in scratch],
        "artifacts": [
            Store(home / "store").lookup(folder.name) is not None
            for folder in (home / "store" / "artifacts").iterdir()
        ],
        "digest": (home / "digest").read_text() if (home / "digest").exists() else None,
    }


if __name__ == "__main__":
    asked, root = Path(sys.argv[1]), Path(sys.argv[2])
    ingested, whole = root / "ingested", root / "whole"
    ingested.mkdir()
    in_child(asked, ingested, stages=(INGEST,))
    shutil.copytree(ingested, whole)
    in_child(asked, whole)
    answers: dict[str, Any] = {"never": {"then": found(whole)}}
    for index, moment in enumerate(MOMENTS):
        home = shutil.copytree(ingested, root / str(index))
        killed = in_child(asked, home, moment)
        answers[moment] = {"signal": killed, "killed": found(home)}
        in_child(asked, home)
        answers[moment]["then"] = found(home)
    print(json.dumps(answers))
