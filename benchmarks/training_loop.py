"""S5: the training loop gives at least 0.97 of the samples per second of a bare PyTorch loop.

Both train the same network on the same tensors for the same epochs with AdamW, one-cycle and gradient
clipping, in turns. The bare loop is what one writes by hand and no more; ours also seeds every step, refuses
algorithms that differ from run to run, adds up losses, and writes a checkpoint to disk at the end. The third
column is ours with bfloat16.

    python benchmarks/training_loop.py
"""

import os

# Before torch, as `platform/training` has it: a thread that waits leaves its core to others.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import operator
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import torch
from assay.models.catalog import build
from assay.models.inputs import ImageInput, TabularInput
from assay.models.optimizers import build_optimizer
from assay.models.schedules import build_schedule
from assay.models.supervised import Classification
from assay.platform.training.checkpoints import Checkpoints
from assay.platform.training.fit import Plan, fit
from assay.platform.training.rows import Rows
from assay.platform.training.samplers import Shuffled
from assay.platform.training.seeding import reproducible
from assay.platform.training.steppers import choose_stepper
from record import write

SEED = 0
REPEATS = 9
BATCH = 256
LEARNING_RATE = 1e-3

TABLE = TabularInput(numeric=6, cardinalities=(10, 17, 8, 16, 7, 43), bins=((-3.0, -1.0, 0.0, 1.0, 3.0),) * 6)
IMAGE = ImageInput(channels=1, height=8, width=8)

#: Architecture, its input, its options, rows, epochs.
CASES = (
    ("mlp", TABLE, {}, 16384, 5),
    ("mlp", TABLE, {"width": 1024, "depth": 3}, 8192, 5),
    ("ft_transformer", TABLE, {}, 4096, 2),
    ("resnet_small", IMAGE, {}, 8192, 2),
    ("vit_small", IMAGE, {}, 2048, 4),
)


def rows_for(inputs: TabularInput | ImageInput, rows: int) -> Rows:
    generator = torch.Generator().manual_seed(SEED)
    target = torch.randint(2, (rows,), generator=generator)
    if isinstance(inputs, ImageInput):
        size = (rows, inputs.channels, inputs.height, inputs.width)
        return Rows(inputs=(torch.randn(size, generator=generator),), target=target)
    codes = [torch.randint(most, (rows, 1), generator=generator) for most in inputs.cardinalities]
    return Rows(
        inputs=(torch.randn(rows, inputs.numeric, generator=generator), torch.cat(codes, 1)), target=target
    )


def bare(network: torch.nn.Module, rows: Rows, epochs: int) -> None:
    """The loop of the tutorials."""
    steps = -(-len(rows) // BATCH)
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=epochs * steps)
    loss_of = torch.nn.CrossEntropyLoss()
    network.train()
    for _ in range(epochs):
        for index in torch.randperm(len(rows)).split(BATCH):
            optimizer.zero_grad()
            loss = loss_of(network(*(part[index] for part in rows.inputs)), rows.target[index])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()


def ours(network: torch.nn.Module, rows: Rows, epochs: int, precision: str) -> None:
    with reproducible(SEED), tempfile.TemporaryDirectory() as folder:
        objective, sampler = Classification(network), Shuffled(len(rows), BATCH, SEED)
        fit(
            objective,
            rows,
            None,
            plan=Plan(stage="train", epochs=epochs, seed=SEED),
            optimizer=build_optimizer("adamw", objective, learning_rate=LEARNING_RATE, weight_decay=0.01),
            schedule=build_schedule("one_cycle", epochs * sampler.steps),
            sampler=sampler,
            stepper=choose_stepper(precision, torch.device("cpu"), torch.Generator()),
            checkpoints=Checkpoints(Path(folder), run="benchmark"),
        )


def compare(name: str, inputs: TabularInput | ImageInput, options: dict, rows: int, epochs: int) -> dict:
    """Medians of the three ways, by the clock and by CPU seconds of this process."""
    data = rows_for(inputs, rows)
    torch.manual_seed(SEED)
    network = build(name, inputs, 2, **options)
    ways = {"bare": partial(bare, network, data, epochs)}
    ways |= {precision: partial(ours, network, data, epochs, precision) for precision in ("fp32", "bf16")}
    wall, cpu = rounds(ways)
    return {
        "network": " ".join([name, *(f"{key}={value}" for key, value in options.items())]),
        "threads": torch.get_num_threads(),
        "bare_samples_per_s": rows * epochs / statistics.median(wall["bare"]),
        "ours_samples_per_s": rows * epochs / statistics.median(wall["fp32"]),
        **{
            f"{way}_ratio{suffix}": statistics.median(map(operator.truediv, taken["bare"], taken[way]))
            for way in ("fp32", "bf16")
            for suffix, taken in (("", wall), ("_cpu", cpu))
        },
    }


def rounds(
    ways: Mapping[str, Callable[[], None]],
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Seconds of each way in each round, by the clock and by CPU; the first round isn't kept.

    Ratios are taken within a round, since a machine's speed drifts by more than what is asked here, and each
    round begins with another way, since each leaves caches and memory behind for the next.
    """
    wall: dict[str, list[float]] = {way: [] for way in ways}
    cpu: dict[str, list[float]] = {way: [] for way in ways}
    names = list(ways)
    for number in range(REPEATS + 1):
        first = number % len(names)
        for way in names[first:] + names[:first]:
            begun, used = time.perf_counter(), time.process_time()
            ways[way]()
            if number:
                wall[way].append(time.perf_counter() - begun)
                cpu[way].append(time.process_time() - used)
    return wall, cpu


if __name__ == "__main__":
    write("training_loop", [compare(*case) for case in CASES], seed=SEED)
