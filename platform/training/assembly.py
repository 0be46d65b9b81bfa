"""From a section of the spec to the parts that `fit` is called with."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.optim import Optimizer

from ...models.network import Network
from ...models.optimizers import build_optimizer
from ...models.schedules import build_reaction, build_schedule
from ..data.preprocess import Preprocessor
from ..exceptions import CombinationError
from ..privacy.account import Account, Unaccounted
from ..privacy.config import PrivacyConfig
from ..store.digest import digest_of_json
from .accumulation import Accumulated
from .checkpoints import Checkpoints
from .config import ModelConfig, PretrainConfig, TrainConfig
from .engines.in_process import Engine
from .fit import Outcome, Plan, fit
from .networks import refusals
from .progress import Progress, Throttled
from .rows import Rows
from .samplers import Sampler, Shuffled
from .steppers import FullPrecision, MixedPrecision, choose_stepper
from .transfer import Course, transferring

if TYPE_CHECKING:
    from ..privacy.private_run import PrivateRun
    from ..privacy.stages import Stages


def fit_as_configured(
    objective: nn.Module,
    train: Rows,
    validation: Rows | None,
    *,
    stage: str,
    model: ModelConfig,
    config: PretrainConfig | TrainConfig,
    scratch: Path,
    progress: Callable[[Progress], None],
    engine: Engine,
    network: Network | None = None,
    privacy: PrivacyConfig | None = None,
    preprocessor: Preprocessor | None = None,
    account: Account | None = None,
    canaries: Path | None = None,
    stages: "Stages | None" = None,
    sampler: Sampler | None = None,
    judged: Sampler | None = None,
    setting: Mapping[str, Any] | None = None,
) -> tuple[Outcome, dict[str, Any]]:
    """Build optimizer, schedule, sampler and stepper, and run the loop.

    Args:
        objective: what is trained, on its device.
        train: rows that are learned from.
        validation: rows that tell the best epoch, or None.
        stage: the section's name in the spec.
        model: the network, for the checkpoints' identity.
        config: the section.
        scratch: folder for checkpoints.
        progress: told at most five times a second.
        engine: who else takes part.
        network: that the objective trains; `train.mode` and `train.layer_decay` say what of it is moved.
        privacy: the budget of differential privacy, or None.
        preprocessor: that was given and not fitted here, for the checkpoints' identity.
        account: who is told what a private run will cost, before its first step; None tells nobody.
        canaries: file for what a private run's canaries show.
        stages: of which a private run is one; None is the only one.
        sampler: which rows make a step; None takes each row once an epoch, `batch_size` at a time.
        judged: which validation rows are asked about together; None takes them in their own order.
        setting: what else a checkpoint must agree with.

    Returns:
        What came of it, and the same as details for the manifest.

    Raises:
        SpecError: a name or a value that can't be used.
        CombinationError: more workers than rows in a batch, a plateau without validation rows, or a mode that
            suits no part of the network.
        BudgetError: the account doesn't allow what the run would cost.
    """
    private, account = None, account or Unaccounted()
    with course_of(config, network) as course:
        parts = loop_parts(
            objective, train, validation, stage=stage, config=config, course=course, sampler=sampler
        )
        stepper, sampler = parts.stepper, parts.sampler
        if privacy is not None:
            private = _hidden(objective, stepper, train, config, privacy, engine, stages)
            stepper, sampler, progress = private.stepper, private.sampler, private.telling(progress)
        _refuse_thin_batches(stage, max(train.units // sampler.steps, 1), engine.workers)
        identity = _identity(stage, model, config, privacy, preprocessor, len(train), engine, setting)
        checkpoints = Checkpoints(scratch / stage, run=identity)
        if private is not None:
            whole = private.mechanism(config.epochs * sampler.steps)
            engine.once(lambda: account.reserve(whole, resumed=checkpoints.newest() is not None))
        outcome = fit(
            objective, train, validation, plan=_plan(stage, config, private=private is not None),
            optimizer=parts.optimizer, schedule=parts.schedule, reaction=parts.reaction,
            sampler=sampler, stepper=stepper, checkpoints=checkpoints, progress=Throttled(progress),
            engine=engine, begin=partial(engine.once, account.begin) if private is not None else lambda: None,
            before_epoch=course.before_epoch, judged=judged,
        )  # fmt: skip
    details = _details(outcome, engine, train.device, parts.precision)
    if private is not None:
        details["privacy"] = _closed(private, outcome, account, canaries, engine)
    return outcome, details


def _hidden(
    objective: nn.Module,
    stepper: FullPrecision,
    train: Rows,
    config: PretrainConfig | TrainConfig,
    privacy: PrivacyConfig,
    engine: Engine,
    stages: "Stages | None",
) -> "PrivateRun":
    """What makes every step of a run private."""
    from ..privacy.private_run import private_run

    return private_run(
        objective, stepper, train, privacy,
        batch_size=config.batch_size, epochs=config.epochs, group=engine, stages=stages,
    )  # fmt: skip


def _closed(
    private: "PrivateRun", outcome: Outcome, account: Account, canaries: Path | None, engine: Engine
) -> dict[str, Any]:
    """Settle what a private run cost, write what its canaries show, and return its details."""
    engine.once(lambda: account.settle(private.mechanism(len(outcome.history) * private.sampler.steps)))
    shown = private.finished()
    if canaries is not None and shown is not None:
        engine.once(partial(shown.to_parquet, canaries))
    return _told(private, outcome)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parts:
    """What a section says of the loop's parts."""

    stepper: FullPrecision
    precision: str
    sampler: Sampler
    optimizer: Optimizer
    schedule: Callable[[int], float]
    reaction: Callable[[Sequence[float]], float] | None


def loop_parts(
    objective: nn.Module,
    train: Rows,
    validation: Rows | None,
    *,
    stage: str,
    config: PretrainConfig | TrainConfig,
    course: Course,
    sampler: Sampler | None = None,
) -> Parts:
    """Build what the loop runs with, where nothing is private."""
    with refusals(stage):
        stepper = choose_stepper(config.precision, train.device, torch.Generator())
        steps = config.epochs * (sampler.steps if sampler else -(-train.units // config.batch_size))
        sampler = sampler or Shuffled(len(train), config.batch_size, config.seed)
        optimizer = build_optimizer(
            config.optimizer,
            objective,
            learning_rate=config.learning_rate,
            weight_decay=config.weight_decay,
            rates=course.rates,
            **config.optimizer_options,
        )
        schedule = build_schedule(config.schedule, steps, **config.schedule_options)
        reaction = build_reaction(config.schedule, **config.schedule_options)
    if reaction is not None and validation is None:
        raise CombinationError(
            f"{stage}.schedule {config.schedule} follows validation losses",
            got="training without any",
            expected="validation rows, and losses that can be compared",
            mend=f"set data.split.validation, or another {stage}.schedule",
        )
    precision = "bf16" if isinstance(stepper, MixedPrecision) else "fp32"
    if isinstance(config, TrainConfig) and config.accumulate > 1:
        stepper = Accumulated(stepper.generator, stepper, config.accumulate)
    return Parts(
        stepper=stepper,
        precision=precision,
        sampler=sampler,
        optimizer=optimizer,
        schedule=schedule,
        reaction=reaction,
    )


def course_of(
    config: PretrainConfig | TrainConfig, network: Network | None
) -> AbstractContextManager[Course]:
    """What of the network is moved: all of it, where nothing else is said."""
    if isinstance(config, PretrainConfig) or network is None:
        return nullcontext(Course())
    return transferring(config, network)


def _told(private: "PrivateRun", outcome: Outcome) -> dict[str, Any]:
    """What a private run cost: an epsilon to each epoch of its history, and the details of all of it.

    Losses of the rows go: they are averages without noise, and the history is published with the model.
    """
    steps = private.sampler.steps
    for entry in outcome.history:
        del entry["train_loss"]
        entry["epsilon"] = private.epsilon(int(entry["epoch"]) * steps)
    return private.details(len(outcome.history) * steps)


def _plan(stage: str, config: PretrainConfig | TrainConfig, *, private: bool) -> Plan:
    """The numbers of a section; a private step clips each row itself, so the loop doesn't clip again."""
    return Plan(
        stage=stage,
        epochs=config.epochs,
        clip=None if private else config.clip,
        patience=config.patience,
        keep_best=isinstance(config, PretrainConfig) or config.keep == "best",
        ema=None if isinstance(config, PretrainConfig) else config.ema,
        seed=config.seed,
        checkpoint_seconds=config.checkpoint_seconds,
    )


def _refuse_thin_batches(stage: str, rows: int, workers: int) -> None:
    """Every worker needs a row of every batch.

    Raises:
        CombinationError: there are more workers than rows in a batch.
    """
    if rows < workers:
        raise CombinationError(
            f"{stage}: a batch has too few rows for the workers",
            got=f"{workers} workers and batches of {rows} rows",
            expected="a row for each worker",
            mend=f"raise {stage}.batch_size, or lower {stage}.workers",
        )


def _identity(
    stage: str,
    model: ModelConfig,
    config: PretrainConfig | TrainConfig,
    privacy: PrivacyConfig | None,
    preprocessor: Preprocessor | None,
    rows: int,
    engine: Engine,
    setting: Mapping[str, Any] | None = None,
) -> str:
    """What a checkpoint must agree with to be gone on from; when it was written is no part of it."""
    settings = {
        key: value for key, value in dataclasses.asdict(config).items() if key != "checkpoint_seconds"
    }
    return digest_of_json(
        {
            "stage": stage,
            "model": dataclasses.asdict(model),
            "config": settings,
            "privacy": None if privacy is None else dataclasses.asdict(privacy),
            "preprocessor": None if preprocessor is None else preprocessor.to_json(),
            "rows": rows,
            "workers": engine.workers,
            "setting": dict(setting or {}),
        }
    )


def _details(outcome: Outcome, engine: Engine, device: torch.device, precision: str) -> dict[str, Any]:
    """Facts about the run that are no part of the model's identity."""
    described: Mapping[str, Any] = {
        "name": engine.name,
        "workers": engine.workers,
        "threads": torch.get_num_threads(),
        "device": device.type,
        "precision": precision,
    }
    return {
        "engine": described,
        "epochs": len(outcome.history),
        "best_epoch": outcome.best_epoch,
        "resumed_from": outcome.resumed_from,
    }
