"""A run between two steps as a checkpoint, and back: all that it would lose if it were killed now.

The states of the random generators follow from the run's position, which is kept: see `seeding.py`.
"""

import math
from typing import TYPE_CHECKING, Any

from torch import Tensor

from .checkpoints import Checkpoint
from .optimizer_state import pack_optimizer, unpack_optimizer

if TYPE_CHECKING:
    from .fit import Run


def snapshot(run: "Run") -> Checkpoint:
    """Write everything down."""
    optimizer, settings = pack_optimizer(run.optimizer)
    state: dict[str, Any] = {
        "epoch": run.epoch,
        "step": run.step,
        "history": run.history,
        "best_epoch": run.best.epoch,
        "best_loss": None if run.best.epoch is None else run.best.loss,
        "stop": run.best.stop,
        "mass": run.tally.mass,
        "optimizer": settings,
        "stepper": run.stepper.state(),
        "sampler": run.sampler.state(),
    }
    tensors = {
        **{f"weights.{name}": tensor for name, tensor in run.objective.state_dict().items()},
        **{f"best.{name}": tensor for name, tensor in run.best.weights.items()},
        **{f"average.{name}": tensor for name, tensor in run.averages.items()},
        **{f"optimizer.{name}": tensor for name, tensor in optimizer.items()},
        "tally": run.tally.loss,
    }
    return Checkpoint(step=run.steps_done, tensors=tensors, state=state)


def restore(run: "Run", checkpoint: Checkpoint) -> None:
    """Put a run where it was when the checkpoint was written."""
    state, tensors = checkpoint.state, checkpoint.tensors
    run.epoch, run.step, run.history = state["epoch"], state["step"], state["history"]
    run.best.epoch, run.best.stop = state["best_epoch"], state["stop"]
    run.best.loss = math.inf if state["best_loss"] is None else state["best_loss"]
    run.best.weights = {name: part.to(run.device) for name, part in _under("best.", tensors).items()}
    run.objective.load_state_dict(_under("weights.", tensors))
    for name, part in _under("average.", tensors).items():
        run.averages[name].copy_(part)
    unpack_optimizer(run.optimizer, _under("optimizer.", tensors), state["optimizer"])
    run.stepper.restore(state["stepper"])
    run.sampler.restore(state["sampler"])
    run.tally.loss, run.tally.mass = tensors["tally"].to(run.device), state["mass"]


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names start so, without that start."""
    return {name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
