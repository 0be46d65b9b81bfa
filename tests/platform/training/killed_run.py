"""A program for test_kill.py: train, be killed with SIGKILL again and again, go on, print what came of it.

It forks before torch has computed anything, so that torch is imported once for all the processes that die.
Arguments: a folder, then the numbers of steps after which to kill.
"""

import os
import signal
import sys
import time
from hashlib import sha256
from pathlib import Path

import safetensors.torch
import torch
from assay.models.optimizers import build_optimizer
from assay.models.schedules import build_schedule
from assay.models.supervised import Classification
from assay.platform.training.augmented import Augmented
from assay.platform.training.checkpoints import Checkpoints
from assay.platform.training.fit import Plan, fit
from assay.platform.training.progress import Throttled
from assay.platform.training.rows import Rows
from assay.platform.training.samplers import Shuffled
from assay.platform.training.seeding import reproducible
from assay.platform.training.steppers import FullPrecision
from torch import nn

EPOCHS = 3


def train(folder: Path, told: int | None) -> str:
    """Fit a small convolutional network with dropout on views; a byte for each step goes to `told`."""

    def step_done(progress) -> None:
        if told is not None:
            os.write(told, b".")
            time.sleep(0.002)  # room for the killer: inside a step, or inside the writing of a checkpoint

    generator = torch.Generator().manual_seed(0)
    rows = Rows(
        inputs=(torch.randn(200, 1, 8, 8, generator=generator),),
        target=torch.randint(4, (200,), generator=generator),
    )
    with reproducible(1, threads=1):
        net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Dropout(0.3), nn.Linear(288, 4))
        objective, sampler = Augmented(Classification(net)), Shuffled(160, 16, 2)
        fit(
            objective,
            Rows(inputs=(rows.inputs[0][:160],), target=rows.target[:160]),
            Rows(inputs=(rows.inputs[0][160:],), target=rows.target[160:]),
            plan=Plan(stage="train", epochs=EPOCHS, patience=2, seed=3, checkpoint_seconds=0.0),
            optimizer=build_optimizer("adamw", objective, learning_rate=1e-2, weight_decay=0.01),
            schedule=build_schedule("one_cycle", EPOCHS * sampler.steps),
            sampler=sampler,
            stepper=FullPrecision(torch.Generator()),
            checkpoints=Checkpoints(folder, run="killed"),
            progress=Throttled(step_done, seconds=0),
        )
    return sha256(safetensors.torch.save(net.state_dict())).hexdigest()


def train_in_child(folder: Path, kill_after: int | None) -> str:
    """Train in a process of its own, killed after that many of its steps; its digest, empty if it died."""
    steps, told = os.pipe()
    answer, digest = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(digest, train(folder, told if kill_after is not None else None).encode())
        os._exit(0)
    os.close(told)
    os.close(digest)
    if kill_after is not None:
        for _ in range(kill_after):
            os.read(steps, 1)
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(answer) as found:
        return found.read()


if __name__ == "__main__":
    root, moments = Path(sys.argv[1]), [int(moment) for moment in sys.argv[2:]]
    for moment in moments:
        assert train_in_child(root / "killed", moment) == "", "it should have died"
        print(len(list((root / "killed").glob("*.safetensors"))))
    print(train_in_child(root / "killed", None))
    print(train_in_child(root / "whole", None))
