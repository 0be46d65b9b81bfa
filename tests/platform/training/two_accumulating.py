"""A program for test_accumulation_by_workers.py: one run by a process, and by two that share each batch.

The batches go through in parts, weights are averaged, and the rate follows a plateau. Everyone writes
`WHO.safetensors`: weights and losses. Argument: a folder.
"""

import os
import sys
from pathlib import Path

import safetensors.torch
import torch
import torch.distributed as distributed
from assay.models.supervised import Classification
from assay.platform.training.assembly import fit_as_configured
from assay.platform.training.config import ModelConfig, TrainConfig
from assay.platform.training.engines.in_process import Engine, InProcess
from assay.platform.training.engines.torch_workers import TorchWorkers
from assay.platform.training.rows import Rows
from assay.platform.training.seeding import reproducible
from torch import nn

CONFIG = TrainConfig(
    epochs=6, batch_size=17, accumulate=3, ema=0.8, patience=None, optimizer="sgd", learning_rate=0.3,
    schedule="plateau", schedule_options={"patience": 0, "warmup": 0.0, "factor": 0.3},
)  # fmt: skip


def work(folder: Path, group: Engine, who: str) -> None:
    """The run; validation labels are turned round, so that its loss rises."""
    draw = torch.Generator().manual_seed(0)
    inputs = torch.randn(100, 5, generator=draw)
    target, weight = (inputs[:, 0] > 0.3).long(), torch.rand(100, generator=draw) + 0.5
    with reproducible(1, threads=1):
        network = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 2))
        outcome, _ = fit_as_configured(
            Classification(network), Rows(inputs=(inputs,), target=target, weight=weight),
            Rows(inputs=(inputs[:40],), target=1 - target[:40]), stage="train", model=ModelConfig(),
            config=CONFIG, scratch=folder / who, progress=lambda progress: None, engine=group,
        )  # fmt: skip
    losses = [[entry["train_loss"], entry["validation_loss"]] for entry in outcome.history]
    found = {**network.state_dict(), "losses": torch.tensor(losses)}
    safetensors.torch.save_file(found, folder / f"{who}.safetensors")


def in_child(folder: Path, rank: int | None) -> int:
    """Work as one of two in a process of its own, or alone."""
    child = os.fork()
    if child:
        return child
    if rank is None:
        work(folder, InProcess(), "alone")
    else:
        meet = f"file://{folder}/meet"
        distributed.init_process_group("gloo", init_method=meet, rank=rank, world_size=2)
        work(folder, TorchWorkers("test"), f"rank{rank}")
        distributed.destroy_process_group()
    os._exit(0)


if __name__ == "__main__":
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    children = [in_child(Path(sys.argv[1]), rank) for rank in (None, 0, 1)]
    sys.exit(any(os.waitpid(child, 0)[1] for child in children))
