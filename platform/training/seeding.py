"""Where every random number of a run comes from: one seed, and the name of what it is for.

A stream is seeded by (seed, names), and inside the loop by (seed, name, epoch, step, worker). The position of
the run is therefore all that a checkpoint has to keep of the generators: at each step their state is a
function of it, so a resumed run draws what the uninterrupted one would have drawn, on every worker.
"""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

import numpy as np
import torch
import torch.utils.deterministic as determinism

#: Fills every new tensor with NaN, to show reads of unwritten memory: 6% of a convolutional network's step.
_FILLING = "fill_uninitialized_memory"


def derive(seed: int, *names: str | int) -> int:
    """Seed of the stream with this name, in [0, 2**63): different names give unrelated streams."""
    key = "\x1f".join(map(str, (seed, *names)))
    return int.from_bytes(sha256(key.encode()).digest()[:8], "big") >> 1


def generator(seed: int, *names: str | int, device: str | torch.device = "cpu") -> torch.Generator:
    """A generator at the start of the stream with this name."""
    return torch.Generator(device=device).manual_seed(derive(seed, *names))


def seed_default(device: torch.device, seed: int) -> None:
    """Seed the generator that dropout draws from on this device.

    `torch.manual_seed` would do, but it formats a stack trace at each call where CUDA hasn't been started.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)


@contextmanager
def reproducible(seed: int, *, threads: int | None = None, strict: bool = True) -> Iterator[int]:
    """Seed python, numpy and torch, and refuse algorithms whose result may differ from run to run.

    Sums depend on how many threads share them: two runs are bitwise equal only with the same number of
    threads.

    Args:
        seed: of all three generators.
        threads: threads of torch inside this process; None leaves them alone.
        strict: refuse such algorithms; otherwise warn of those that have no other form, as some on GPUs.

    Yields:
        The number of threads in use, for the record.
    """
    deterministic, threads_before = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    filling = getattr(determinism, _FILLING)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS asks for it, before its first use
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    try:
        torch.use_deterministic_algorithms(True, warn_only=not strict)
        setattr(determinism, _FILLING, False)
        if threads is not None:
            torch.set_num_threads(threads)
        yield torch.get_num_threads()
    finally:
        torch.use_deterministic_algorithms(deterministic)
        setattr(determinism, _FILLING, filling)
        torch.set_num_threads(threads_before)
