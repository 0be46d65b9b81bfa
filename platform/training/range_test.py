"""The learning-rate range test: raise the rate from step to step, and see where the loss stops falling.

Smith, "Cyclical Learning Rates for Training Neural Networks" (2017), section 3.3,
https://arxiv.org/abs/1506.01186; with rates that grow by a factor, as most programs have it since.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from torch import nn
from torch.optim import Optimizer

from ..data.dataset import Dataset
from ..data.preprocess import Preprocessor
from ..exceptions import SpecError
from ..predictor.artifact import read_preprocessor
from .assembly import course_of, loop_parts
from .config import ModelConfig, TrainConfig
from .devices import choose_device
from .fit import Plan, fit
from .networks import resolve_model
from .preparation import head_alone, start_network, training_objective, with_labels
from .progress import Progress, Throttled
from .rows import Rows
from .samplers import Sampler
from .seeding import derive, reproducible
from .steppers import FullPrecision
from .tables import encoded, labelled

__all__ = ["RateRange", "rate_range", "read_off", "sweep"]

#: Share of the smoothed loss that the next step's changes; a loss this many times the lowest ends the test.
_NEW, _DIVERGED = 0.1, 4.0


@dataclass(frozen=True, kw_only=True)
class RateRange:
    """What a range test found.

    It is a look at the first steps of one seed: a rate that is right there can be too high later on, and
    other batch sizes have other ranges.

    Attributes:
        rates: of the steps that were taken.
        losses: smoothed, one a rate.
        lowest: rate at which the loss was lowest: more makes it rise.
        suggested: a tenth of that, for `learning_rate`; None where the loss never fell.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    lowest: float
    suggested: float | None


def rate_range(
    *,
    dataset: Path,
    model: ModelConfig,
    config: TrainConfig,
    pretrained: Path | None = None,
    preprocessor: Preprocessor | None = None,
    low: float = 1e-6,
    high: float = 10.0,
    steps: int = 100,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> RateRange:
    """Test the rates that a spec could train with, on its train rows; nothing is kept.

    Args:
        dataset: folder of a dataset artifact.
        model: the network.
        config: the section `train`; its learning rate and schedule have no part in this.
        pretrained: folder of a pretrained artifact, or None.
        preprocessor: that was not fitted on the train rows, or None to fit one.
        low: rate of the first step.
        high: rate of the last.
        steps: how many, unless the loss diverges before.
        progress: told after every step.

    Raises:
        SpecError: a range that isn't one.
    """
    if not (0 < low < high < math.inf and steps >= 10):
        raise SpecError(
            "the range of rates can't be tested",
            got=f"{low:g} to {high:g} in {steps} steps",
            expected="a lower and a higher rate above 0, and 10 steps or more",
        )
    data, device = Dataset.open(dataset), choose_device(config.device)
    with reproducible(derive(config.seed, "train"), strict=device.type == "cpu"):
        told = read_preprocessor(pretrained) if pretrained else preprocessor
        told = told or Preprocessor.fit(data.table("train"), data.schema)
        resolved = resolve_model(model, data.schema.modality)
        network = start_network(resolved, told, pretrained, config).to(device)
        rows = labelled(told, with_labels(data.table("train"), told, config, "train"), device)
        if head_alone(config, network):
            rows = encoded(network, rows)
        objective = training_objective(config, network, told.schema)
        config = dataclasses.replace(config, learning_rate=low, schedule="constant", schedule_options={})
        with course_of(config, network) as course:
            parts = loop_parts(objective, rows, None, stage="train", config=config, course=course)
            found = sweep(
                objective, rows, optimizer=parts.optimizer, sampler=parts.sampler, stepper=parts.stepper,
                factor=(high / low) ** (1 / (steps - 1)), steps=steps, clip=config.clip, seed=config.seed,
                before_epoch=course.before_epoch, progress=progress,
            )  # fmt: skip
    return read_off([low * (high / low) ** (step / (steps - 1)) for step in range(len(found))], found)


def sweep(
    objective: nn.Module,
    rows: Rows,
    *,
    optimizer: Optimizer,
    sampler: Sampler,
    stepper: FullPrecision,
    factor: float,
    steps: int,
    clip: float | None = None,
    seed: int = 0,
    before_epoch: Callable[[int], None] = lambda epoch: None,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> list[float]:
    """Losses of steps whose rates grow by a factor from the optimizer's on, until one diverges.

    Args:
        objective: moved in place.
        rows: that are learned from.
        optimizer: at the lowest rate.
        sampler: which rows make a step.
        stepper: how the gradient comes about.
        factor: between the rates of two steps.
        steps: at most.
        clip: largest norm of the gradient, or None.
        seed: of what the objective draws.
        before_epoch: as of `fit`.
        progress: told after every step.
    """
    losses: list[float] = []

    def told(moved: Progress) -> None:
        losses.append(moved.metrics["loss"])
        progress(dataclasses.replace(moved, total=steps))
        lowest = min(_smoothed(losses[:-1]), default=math.inf)
        if len(losses) == steps or not losses[-1] <= _DIVERGED * lowest:  # not a number counts as diverged
            raise _EnoughError

    with suppress(_EnoughError):
        fit(
            objective,
            rows,
            None,
            plan=Plan(
                stage="train", epochs=-(-steps // sampler.steps), clip=clip, keep_best=False, seed=seed
            ),
            optimizer=optimizer,
            schedule=lambda step: factor**step,
            sampler=sampler,
            stepper=stepper,
            progress=Throttled(told, seconds=0.0),
            before_epoch=before_epoch,
        )
    return losses


def read_off(rates: Sequence[float], losses: Sequence[float]) -> RateRange:
    """Smooth the losses and find the lowest.

    Args:
        rates: one a step.
        losses: as they were.
    """
    finite = [loss for loss in losses if math.isfinite(loss)]  # one that isn't was the last
    rates, smoothed = rates[: len(finite)], _smoothed(finite)
    best = min(range(len(smoothed)), key=smoothed.__getitem__)
    fell = best > 0 and smoothed[best] < smoothed[0]
    return RateRange(
        rates=tuple(rates),
        losses=tuple(smoothed),
        lowest=rates[best],
        suggested=rates[best] / 10 if fell else None,
    )


def _smoothed(losses: Sequence[float]) -> list[float]:
    """Exponential mean, without the bias of its start."""
    mean, found = 0.0, []
    for number, loss in enumerate(losses, start=1):
        mean = (1 - _NEW) * mean + _NEW * loss
        found.append(mean / (1 - (1 - _NEW) ** number))
    return found


class _EnoughError(Exception):
    """Ends a sweep."""
