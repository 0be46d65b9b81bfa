"""Sixteen shadow models trained as one stack, against a loop that trains one after the other.

Both see the same batches and take the same steps with AdamW and clipping; the loop does each model with plain
PyTorch. Their losses agree where no dropout is drawn (tests/audits/privacy/test_shadows.py).
"""

import time
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from assay.audits.privacy.shadows import Recipe, halves, train_shadows
from assay.models.catalog import build
from assay.models.inputs import ImageInput, TabularInput
from assay.models.optimizers import build_optimizer
from record import interleave, write
from torch import Tensor, nn

SEED, MODELS, ROWS = 0, 16, 1024

TABLE = TabularInput(
    numeric=6,
    cardinalities=(9, 16, 7, 15, 6, 41),
    bins=tuple(tuple(np.linspace(-2, 2, 33).tolist()) for _ in range(6)),
)
IMAGE = ImageInput(channels=1, height=8, width=8)
CASES: dict[str, tuple[str, object, dict[str, object], int]] = {
    "mlp, width 64": ("mlp", TABLE, {"width": 64}, 32),
    "mlp, width 64, batch 128": ("mlp", TABLE, {"width": 64}, 128),
    "mlp": ("mlp", TABLE, {}, 32),
    "resnet_small": ("resnet_small", IMAGE, {}, 32),
    "ft_transformer": ("ft_transformer", TABLE, {}, 32),
}
"""Architecture, what it is fed, options, batch."""


def rows(inputs: object) -> tuple[tuple[Tensor, ...], Tensor]:
    """Inputs and targets of random rows."""
    generator = torch.Generator().manual_seed(SEED)
    target = torch.randint(0, 2, (ROWS,), generator=generator)
    if inputs is IMAGE:
        return (torch.rand(ROWS, 1, 8, 8, generator=generator),), target
    codes = [torch.randint(0, of, (ROWS,), generator=generator) for of in TABLE.cardinalities]
    return (torch.randn(ROWS, TABLE.numeric, generator=generator), torch.stack(codes, 1)), target


def loop(
    make: Callable[[], nn.Module],
    inputs: tuple[Tensor, ...],
    target: Tensor,
    included: np.ndarray,
    recipe: Recipe,
) -> None:
    """What anybody would write: one model after the other."""
    for of in included:
        own = torch.from_numpy(np.flatnonzero(of))
        network = make().train()
        optimizer = build_optimizer(
            recipe.optimizer,
            network,
            learning_rate=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
        )
        for _ in range(recipe.epochs):
            for index in own[torch.randperm(len(own))].split(recipe.batch_size):
                optimizer.zero_grad(set_to_none=True)
                F.cross_entropy(network(*(part[index] for part in inputs)), target[index]).backward()
                nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimizer.step()


def compare(what: str) -> dict[str, object]:
    """Seconds of an epoch of all models."""
    name, shape, options, batch = CASES[what]
    inputs, target = rows(shape)
    included = halves(MODELS, ROWS, rng=np.random.default_rng(SEED))
    recipe = Recipe(epochs=1, batch_size=batch, learning_rate=1e-3, weight_decay=1e-4, seed=SEED)
    task = (lambda: build(name, shape, 2, **options), inputs, target, included, recipe)
    seconds = interleave({"stack": lambda: train_shadows(*task), "loop": lambda: loop(*task)}, repeats=3)
    ratio = seconds["loop"] / seconds["stack"]
    return {"model": what, "batch": batch, "models": MODELS} | {
        "stack_s": seconds["stack"],
        "loop_s": seconds["loop"],
        "loop / stack": ratio,
    }


def main() -> None:
    """On one thread."""
    torch.set_num_threads(1)
    start = time.process_time()
    write("shadow_models", [compare(what) for what in CASES], seed=SEED)
    print(f"{time.process_time() - start:.0f} CPU seconds")


if __name__ == "__main__":
    main()
