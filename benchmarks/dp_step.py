"""S1: one step of DP-SGD (clip, noise, update) against the plain step and Opacus in three modes.

Target: at most 1.2 times the plain step (LSTM 1.3) at one thread, and at least 1.5 times faster than Opacus's
best mode (transformer 1.2). Opacus by its documented `PrivacyEngine.make_private`. Every contender trains the
same model from the same batch with AdamW; the plain LSTM is `nn.LSTM`, Opacus's is its `DPLSTM`.

Wall times are medians of turns; "CPU" is the ratio of medians of the thread's own CPU time, which other work
on the machine disturbs less. Peak memory is that of a forked process during two steps, beyond what it held
before it built the model.
"""

import gc
import multiprocessing
import os
import re
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from assay.models.attention import SelfAttention
from assay.models.supervised import Classification
from assay.platform.privacy.clipping import FlatClipping
from assay.platform.privacy.stepper import private_stepper
from assay.platform.training.rows import Batch
from assay.platform.training.steppers import FullPrecision
from opacus import PrivacyEngine
from opacus.layers import DPLSTM
from record import interleave, write
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

SEED, BOUND, NOISE = 0, 1.0, 1.0
# Set before glibc starts: freed memory is kept, not given back and faulted in again. For every contender.
MALLOC = {"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "4294967296"}
SIZES = {
    "mlp": (64, 256, 1024),
    "cnn": (64, 256),
    "resnet": (64, 256),
    "transformer": (64,),
    "lstm": (64, 256),
}
SECONDS_A_CASE = 25.0


def mlp() -> nn.Module:
    """On Adult's width, 108-256-256-2."""
    return nn.Sequential(nn.Linear(108, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 2))


def cnn() -> nn.Module:
    """Opacus's MNIST example."""
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 8, 2, padding=3), nn.ReLU(), nn.MaxPool2d(2, 1)),
        *(nn.Conv2d(16, 32, 4, 2), nn.ReLU(), nn.MaxPool2d(2, 1), nn.Flatten()),
        *(nn.Linear(512, 32), nn.ReLU(), nn.Linear(32, 10)),
    )


class Residual(nn.Module):
    """Two convolutions around a shortcut."""

    def __init__(self, before: int, after: int, stride: int):
        super().__init__()
        self.first = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.second = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.norms = nn.ModuleList([nn.GroupNorm(8, after), nn.GroupNorm(8, after)])
        same = stride == 1 and before == after
        self.shortcut = nn.Identity() if same else nn.Conv2d(before, after, 1, stride, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        inner = F.relu(self.norms[0](self.first(maps)))
        return F.relu(self.norms[1](self.second(inner)) + self.shortcut(maps))


def resnet() -> nn.Module:
    """ResNet-8 with group norms, 16-32-64 channels."""
    return nn.Sequential(
        *(nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.GroupNorm(8, 16), nn.ReLU()),
        *(Residual(16, 16, 1), Residual(16, 32, 2), Residual(32, 64, 2)),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)),
    )


class Block(nn.Module):
    """Pre-norm attention and feed-forward."""

    def __init__(self, width: int):
        super().__init__()
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.attention = SelfAttention(width, 4)
        self.feed_forward = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.attention(self.norms[0](tokens))
        return tokens + self.feed_forward(self.norms[1](tokens))


class Transformer(nn.Module):
    """Two blocks of width 128 over 64 tokens."""

    def __init__(self):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(1000, 128), nn.Embedding(64, 128)
        self.blocks = nn.Sequential(Block(128), Block(128))
        self.norm, self.head = nn.LayerNorm(128), nn.Linear(128, 2)

    def forward(self, tokens: Tensor) -> Tensor:
        places = torch.arange(tokens.shape[1]).repeat(len(tokens), 1)  # Opacus's ghost mode wants a copy
        return self.head(self.norm(self.blocks(self.tokens(tokens) + self.positions(places))).mean(1))


class LSTM(nn.Module):
    """64 inputs, 128 units, 32 steps; the last one is read."""

    def __init__(self, kind: type[nn.Module] = nn.LSTM):
        super().__init__()
        self.recurrent, self.head = kind(64, 128, batch_first=True), nn.Linear(128, 2)

    def forward(self, rows: Tensor) -> Tensor:
        return self.head(self.recurrent(rows)[0][:, -1])


MODELS = {"mlp": mlp, "cnn": cnn, "resnet": resnet, "transformer": Transformer, "lstm": LSTM}
SHAPES = {"mlp": (108,), "cnn": (1, 28, 28), "resnet": (3, 32, 32), "transformer": (64,), "lstm": (32, 64)}
CLASSES = {"mlp": 2, "cnn": 10, "resnet": 10, "transformer": 2, "lstm": 2}


def data(name: str, rows: int) -> tuple[Tensor, Tensor]:
    """A random batch."""
    generator = torch.Generator().manual_seed(SEED)
    target = torch.randint(0, CLASSES[name], (rows,), generator=generator)
    if name == "transformer":
        return torch.randint(0, 1000, (rows, *SHAPES[name]), generator=generator), target
    return torch.randn(rows, *SHAPES[name], generator=generator), target


def plain(name: str, rows: int) -> Callable[[], object]:
    """Forward, backward, update."""
    torch.manual_seed(SEED)
    inputs, target = data(name, rows)
    module = MODELS[name]()
    optimizer = torch.optim.AdamW(module.parameters())

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(module(inputs), target).backward()
        optimizer.step()

    return step


def ours(name: str, rows: int) -> Callable[[], object]:
    """The stepper of `assay.platform.privacy`."""
    torch.manual_seed(SEED)
    inputs, target = data(name, rows)
    objective = Classification(MODELS[name]())
    optimizer = torch.optim.AdamW(objective.parameters())
    stepper = private_stepper(
        objective,
        FullPrecision(torch.Generator()),
        clipping=FlatClipping(BOUND),
        noise_multiplier=NOISE,
        expected_batch=rows,
    )
    batch = Batch(inputs=(inputs,), target=target, weight=None)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        stepper.backward(objective, batch)
        optimizer.step()

    return step


def opacus(mode: str, name: str, rows: int) -> Callable[[], object]:
    """Opacus in one of its modes."""
    torch.manual_seed(SEED)
    inputs, target = data(name, rows)
    module = LSTM(DPLSTM) if name == "lstm" else MODELS[name]()
    made = PrivacyEngine().make_private(
        module=module,
        optimizer=torch.optim.AdamW(module.parameters()),
        data_loader=DataLoader(TensorDataset(inputs, target), batch_size=rows),
        criterion=nn.CrossEntropyLoss(),
        noise_multiplier=NOISE,
        max_grad_norm=BOUND,
        poisson_sampling=False,
        grad_sample_mode=mode,
    )
    module, optimizer = made[0], made[1]
    criterion = made[2] if mode == "ghost" else nn.CrossEntropyLoss()

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        criterion(module(inputs), target).backward()
        optimizer.step()

    return step


CONTENDERS = {
    "plain": plain,
    "ours": ours,
    **{mode: partial(opacus, mode) for mode in ("hooks", "functorch", "ghost")},
}


def peak_mib(contender: str, name: str, rows: int) -> float | None:
    """Memory that two steps reach beyond what the process held; None where the contender fails."""
    receiver, sender = multiprocessing.Pipe(duplex=False)

    def measure() -> None:
        held = resident("VmRSS")
        try:
            step = CONTENDERS[contender](name, rows)
            step()
            step()
            sender.send((resident("VmHWM") - held) / 1024)
        except Exception:
            sender.send(None)

    child = multiprocessing.get_context("fork").Process(target=measure)
    child.start()
    found = receiver.recv()
    child.join()
    return found


def resident(field: str) -> int:
    """KiB of this process, now (`VmRSS`) or at most (`VmHWM`)."""
    return int(re.search(rf"{field}:\s+(\d+)", Path("/proc/self/status").read_text())[1])


def clocked(step: Callable[[], object], taken: list[float]) -> Callable[[], None]:
    """The same step, noting its CPU seconds."""

    def run() -> None:
        start = time.thread_time()
        step()
        taken.append(time.thread_time() - start)

    return run


def compare(name: str, rows: int, memory: dict[str, float | None]) -> dict[str, object]:
    """A row of the table."""
    steps = {
        contender: CONTENDERS[contender](name, rows) for contender, peak in memory.items() if peak is not None
    }
    for step in steps.values():
        step()
    start = time.perf_counter()
    for step in steps.values():
        step()
    repeats = max(5, min(51, int(SECONDS_A_CASE / (time.perf_counter() - start))))
    cpu: dict[str, list[float]] = {contender: [] for contender in steps}
    clocks = {contender: clocked(step, cpu[contender]) for contender, step in steps.items()}
    seconds = interleave(clocks, repeats=repeats)
    own = {contender: statistics.median(taken[1:]) for contender, taken in cpu.items()}
    modes = [mode for mode in ("hooks", "functorch", "ghost") if mode in seconds]
    best = min(modes, key=lambda mode: seconds[mode])
    row: dict[str, object] = {"model": name, "batch": rows, "repeats": repeats}
    row |= {f"{contender} ms": 1e3 * seconds[contender] for contender in seconds}
    row |= {
        "ours / plain": seconds["ours"] / seconds["plain"],
        "Opacus / ours": seconds[best] / seconds["ours"],
        "best Opacus": best,
    }
    row |= {"ours / plain, CPU": own["ours"] / own["plain"]}
    row |= {"Opacus / ours, CPU": min(own[mode] for mode in modes) / own["ours"]}
    row |= {f"{contender} MiB": round(peak) for contender, peak in memory.items() if peak is not None}
    return row | {"load": round(os.getloadavg()[0], 1)}


def main() -> None:
    """Memory of all cases first, while the process is small; then times, in turns."""
    if not MALLOC.items() <= os.environ.items():
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **MALLOC})
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # Opacus warns of its own hooks at each step
    cases = [(name, rows) for name, sizes in SIZES.items() for rows in sizes]
    peaks = {case: {contender: peak_mib(contender, *case) for contender in CONTENDERS} for case in cases}
    table = []
    for case in cases:
        table.append(compare(*case, peaks[case]))
        gc.collect()
    write("dp_step", table, seed=SEED)


if __name__ == "__main__":
    main()
