"""A program for test_resume.py: train at clients, be killed with SIGKILL again and again, go on, tell.

It forks before torch has computed anything, so that torch is imported once for all the processes that die.
Arguments: a dataset, a folder, strategies with their options as JSON, then the rounds after which to kill.
"""

import json
import os
import signal
import sys
from functools import partial
from hashlib import sha256
from pathlib import Path

import torch
from assay.platform.federated import resume, training
from assay.platform.federated.config import FederatedConfig, PartitionConfig
from assay.platform.federated.training import train_federated
from assay.platform.training.config import ModelConfig, TrainConfig

resume._WORTH = 0  # every round is written down, and told
training.Throttled = partial(training.Throttled, seconds=0)


def train(dataset: Path, home: Path, told: dict, dies_after: int | None) -> str:
    """Learn, and die in the round after so many of this process; digests of what came of it."""
    done = 0

    def moved(progress) -> None:
        nonlocal done
        done += 1
        if done == dies_after:
            os.kill(os.getpid(), signal.SIGKILL)

    out = home / f"model{os.getpid()}"
    out.mkdir(parents=True)
    torch.set_num_threads(1)
    details = train_federated(
        dataset=dataset,
        model=ModelConfig(
            architecture="mlp", options={"width": 8, "depth": 1, "token_width": 4, "dropout": 0.0}
        ),
        config=TrainConfig(optimizer="sgd", learning_rate=0.1, batch_size=32, patience=None),
        federated=FederatedConfig(clients=4, fraction=0.5, partition=PartitionConfig(by="dirichlet"), **told),
        out=out,
        scratch=home / "scratch",
        progress=moved,
    )
    files = ("weights/model.safetensors", "history.json", "labels.json")
    told_of = json.loads((out / "clients.json").read_text())
    digest = sha256(b"".join((out / name).read_bytes() for name in files))
    digest.update(json.dumps([told_of["clients"], told_of["faults"]]).encode())
    return f"{details['resumed_from']} {digest.hexdigest()}"


def main() -> None:
    """Print, for each strategy killed and not: rounds of earlier processes, and a digest."""
    dataset, home, strategies, *moments = sys.argv[1:]
    rounds = sum(map(int, moments)) + 2
    for strategy, options in json.loads(strategies).items():
        told = {"rounds": rounds, "strategy": strategy, "options": options}
        for moment in map(int, moments):
            child = os.fork()
            if child == 0:
                train(Path(dataset), Path(home, strategy, "killed"), told, moment)
                os._exit(1)  # it should have died
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        for name in ("killed", "whole"):
            child = os.fork()
            if child == 0:
                print(train(Path(dataset), Path(home, strategy, name), told, None), flush=True)
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0


if __name__ == "__main__":
    main()
