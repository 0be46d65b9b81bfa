"""A program for test_private.py: a private run with secret noise is killed with SIGKILL, twice, and goes on.

Its first checkpoint is copied before that and run to the end in one go. Prints the largest difference between
the two runs' weights, and between two runs that began with keys of their own; then, of the same pairs,
whether canaries ended with the same coins and scores. Argument: a folder.
"""

import os
import shutil
import signal
import sys
import time
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from assay.models.optimizers import build_optimizer
from assay.models.schedules import build_schedule
from assay.models.supervised import Classification
from assay.platform.privacy.canaries.scores import CanaryScores
from assay.platform.privacy.config import PrivacyConfig
from assay.platform.privacy.private_run import private_run
from assay.platform.training.checkpoints import Checkpoints
from assay.platform.training.fit import Plan, fit
from assay.platform.training.progress import Throttled
from assay.platform.training.rows import Rows
from assay.platform.training.seeding import reproducible
from assay.platform.training.steppers import FullPrecision
from torch import nn

EPOCHS = 3


def train(folder: Path, told: int | None) -> None:
    """Fit a linear model privately; a byte for each step goes to `told`."""

    def step_done(progress) -> None:
        if told is not None:
            os.write(told, b".")
            time.sleep(0.005)

    generator = torch.Generator().manual_seed(0)
    rows = Rows(
        inputs=(torch.randn(200, 5, generator=generator),),
        target=torch.randint(2, (200,), generator=generator),
    )
    with reproducible(1, threads=1):
        network = nn.Linear(5, 2)
        objective = Classification(network)
        budget = PrivacyConfig(epsilon=1.0, delta=1e-3, accountant="rdp")
        private = private_run(
            objective, FullPrecision(torch.Generator()), rows, budget, batch_size=20, epochs=EPOCHS
        )
        fit(
            objective,
            rows,
            None,
            plan=Plan(stage="train", epochs=EPOCHS, clip=None, seed=3, checkpoint_seconds=0.0),
            optimizer=build_optimizer("adamw", objective, learning_rate=1e-1, weight_decay=0.0),
            schedule=build_schedule("constant", EPOCHS * private.sampler.steps),
            sampler=private.sampler,
            stepper=private.stepper,
            checkpoints=Checkpoints(folder, run="killed"),
            progress=Throttled(step_done, seconds=0),
        )
    (folder.parent / f"{folder.name}.safetensors").write_bytes(safetensors.torch.save(network.state_dict()))
    shown = private.finished()
    assert shown is not None
    shown.to_parquet(folder.with_suffix(".canaries"))


def in_child(folder: Path, kill_after: int | None = None) -> None:
    """Train in a process of its own, killed after so many of its steps."""
    steps, told = os.pipe()
    child = os.fork()
    if child == 0:
        train(folder, told if kill_after is not None else None)
        os._exit(0)
    os.close(told)
    if kill_after is not None:
        for _ in range(kill_after):
            os.read(steps, 1)
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(steps)


def difference(first: Path, second: Path) -> float:
    """Largest difference between two runs' weights."""
    one, other = (safetensors.torch.load_file(path.with_suffix(".safetensors")) for path in (first, second))
    return max(float((one[key] - other[key]).abs().max()) for key in one)


def alike(first: Path, second: Path) -> float:
    """1.0 where canaries' coins and scores are the same to the last bit, else 0.0."""
    one, other = (CanaryScores.from_parquet(path.with_suffix(".canaries")) for path in (first, second))
    same = np.array_equal(one.included, other.included) and np.array_equal(one.scores, other.scores)
    return float(same)


if __name__ == "__main__":
    root = Path(sys.argv[1])
    killed, whole, other = root / "killed", root / "whole", root / "other"
    in_child(killed, 1)
    shutil.copytree(killed, whole)
    for moment in (4, 9):
        in_child(killed, moment)
    for folder in (killed, whole, other):
        in_child(folder)
    print(difference(killed, whole), difference(whole, other))
    print(alike(killed, whole), alike(whole, other))
