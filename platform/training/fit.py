"""The one training loop: pretraining, fine-tuning and every worker of an engine run it.

What changes is passed in: the objective (the loss of a batch), the stepper (how its gradient comes about),
the sampler (which rows make a step) and the engine (who else takes part). The loop itself only knows the
order of
things: a step, an epoch, validation, a checkpoint.
"""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ..exceptions import SpecError
from .averaging import WeightAverage
from .checkpoints import Checkpoints
from .early_stopping import EarlyStopping
from .engines.in_process import Engine, InProcess
from .progress import Throttled
from .rows import Rows
from .samplers import Sampler, Sequential
from .seeding import derive, seed_default
from .snapshot import restore, snapshot
from .steppers import FullPrecision
from .tally import Tally

#: An epoch's end gets a checkpoint when this many times as long has passed as writing the last one took: it
#: costs 1% of the time at most. The first is guessed to take 20 ms.
_WORTH, _FIRST_WRITE = 100, 0.02


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The numbers that the loop runs by.

    Attributes:
        stage: name for progress and for errors, e.g. `train`.
        epochs: passes over the rows, at most.
        clip: largest norm of the gradient, or None.
        patience: epochs without a better validation loss before stopping, or None.
        keep_best: the weights of the best epoch are kept, not those of the last.
        ema: decay of the average of weights that is judged and kept in the weights' place, or None.
        seed: of every random stream.
        checkpoint_seconds: time between two checkpoints inside an epoch.
        silent: losses of train rows are neither noted nor looked at: whether they are numbers would tell of
            the rows, and whether there is one, of who was drawn.
    """

    stage: str
    epochs: int
    clip: float | None = 1.0
    patience: int | None = None
    keep_best: bool = True
    ema: float | None = None
    seed: int = 0
    checkpoint_seconds: float = 20.0
    silent: bool = False


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of it, beside the weights.

    Attributes:
        history: an entry an epoch: `epoch` (from 1), `train_loss` unless the plan is silent and, where there
            were rows, `validation_loss`.
        best_epoch: epoch whose weights were kept; the last one where nothing was validated, or so planned.
        resumed_from: epochs that an earlier process had finished, or None.
    """

    history: list[dict[str, float]]
    best_epoch: int
    resumed_from: int | None


def fit(
    objective: nn.Module,
    train: Rows,
    validation: Rows | None,
    *,
    plan: Plan,
    optimizer: Optimizer,
    schedule: Callable[[int], float],
    reaction: Callable[[Sequence[float]], float] | None = None,
    sampler: Sampler,
    stepper: FullPrecision,
    checkpoints: Checkpoints | None = None,
    progress: Throttled | None = None,
    engine: Engine | None = None,
    begin: Callable[[], None] = lambda: None,
    before_epoch: Callable[[int], None] = lambda epoch: None,
    judged: Sampler | None = None,
) -> Outcome:
    """Train an objective's weights in place; afterwards they are those of the epoch that the plan keeps.

    A run that was killed and is started again with the same arguments ends with bitwise the same weights (on
    a CPU, with the same number of threads), however often checkpoints were written.

    Args:
        objective: module whose `forward(inputs, target, weight, generator)` is the loss of a batch.
        train: rows that are learned from.
        validation: rows that tell the best epoch, or None to keep the last.
        plan: the numbers that the loop runs by.
        optimizer: over the objective's parameters, at the peak learning rate.
        schedule: factor on the peak rate at a step's number.
        reaction: a further factor, from the validation losses of the epochs so far.
        sampler: which rows make a step.
        stepper: how the gradient comes about.
        checkpoints: where they are kept; None keeps none.
        progress: told after each step.
        engine: who else takes part; None runs alone.
        begin: called right before the first step, when a checkpoint can bring back whatever it will draw.
        before_epoch: called with the number of each epoch, from 0, to say what of the objective learns in it;
            also where a run goes on in the middle of one.
        judged: which validation rows are asked about together; None takes them in their own order.

    Raises:
        SpecError: the loss is no longer a number.
    """
    run = Run(
        objective, plan, optimizer, schedule, sampler, stepper, checkpoints, progress, engine or InProcess(),
        reaction, before_epoch, judged,
    )  # fmt: skip
    run.resume()
    begin()
    while not run.done:
        run.learn(train)
        run.judge(validation)
    return run.finish()


@dataclass
class Run:
    """A run between two steps. `snapshot.py` writes it down and puts it back."""

    objective: nn.Module
    plan: Plan
    optimizer: Optimizer
    schedule: Callable[[int], float]
    sampler: Sampler
    stepper: FullPrecision
    checkpoints: Checkpoints | None
    progress: Throttled | None
    engine: Engine
    reaction: Callable[[Sequence[float]], float] | None
    before_epoch: Callable[[int], None]
    judged: Sampler | None = None
    epoch: int = 0
    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    resumed_from: int | None = None

    def __post_init__(self) -> None:
        self.device = next(self.objective.parameters()).device
        self.module = self.stepper.joined(self.objective, self.engine)
        self.weights = [weight for group in self.optimizer.param_groups for weight in group["params"]]
        self.peaks = [group["lr"] for group in self.optimizer.param_groups]
        self.best = EarlyStopping(self.plan.patience)
        self.average = None if self.plan.ema is None else WeightAverage(self.objective, self.plan.ema)
        self.tally = Tally(self.device)
        self.written, self.took = time.monotonic(), _FIRST_WRITE

    @property
    def done(self) -> bool:
        """Whether no further epoch is to come."""
        return self.epoch >= self.plan.epochs or self.best.stop

    @property
    def steps_done(self) -> int:
        """Steps of all epochs together."""
        return self.epoch * self.sampler.steps + self.step

    @property
    def averages(self) -> dict[str, Tensor]:
        """Averages of the weights, by name; none where they aren't averaged."""
        return {} if self.average is None else self.average.weights

    def resume(self) -> None:
        """Go on from the newest checkpoint, if there is one."""
        found = self.checkpoints.newest() if self.checkpoints else None
        if found is not None:
            restore(self, found)
            self.resumed_from = self.epoch
        elif self.stepper.secret:
            # Were it killed before its first checkpoint, other noise would be drawn for the same steps.
            self._checkpoint_after(0.0)

    def learn(self, rows: Rows) -> None:
        """Run what is left of this epoch's steps."""
        self.module.train()
        self.before_epoch(self.epoch)
        for index in self.sampler.batches(self.epoch, start=self.step):
            loss = self._learn_batch(rows, index)
            self.step += 1
            if self.step < self.sampler.steps:  # the epoch's own checkpoint follows its validation
                self._checkpoint_after(self.plan.checkpoint_seconds)
            self._say(loss)

    def judge(self, validation: Rows | None) -> None:
        """Close the epoch: validate, note the losses, look whether it was the best, write a checkpoint."""
        entry: dict[str, float] = {"epoch": self.epoch + 1}
        if not self.plan.silent:
            entry["train_loss"] = self.tally.mean(self.engine)
        with self._averaged():
            if validation is not None:
                entry["validation_loss"] = self._validate(validation)
            self.history.append(entry)
            self._refuse_nonsense(entry)
            if validation is not None:
                self.best.update(self.epoch, entry["validation_loss"], self.objective)
        self.epoch, self.step, self.tally = self.epoch + 1, 0, Tally(self.device)
        self._checkpoint_after(0.0 if self.done else min(_WORTH * self.took, self.plan.checkpoint_seconds))

    def finish(self) -> Outcome:
        """Put the best weights back, where they are kept."""
        best = self.epoch
        if self.plan.keep_best and self.best.epoch is not None:
            best = self.best.epoch + 1
            self.objective.load_state_dict(self.best.weights)
        elif self.average is not None:
            self.average.put_into(self.objective)
        return Outcome(history=self.history, best_epoch=best, resumed_from=self.resumed_from)

    def _learn_batch(self, rows: Rows, index: Tensor) -> Tensor:
        """One step: this worker's part of the batch, the gradient, the update."""
        self._seed("step", self.epoch, self.step, self.engine.rank)
        factor = self._factor()
        for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=True):
            group["lr"] = peak * factor
        part = index.tensor_split(self.engine.workers)[self.engine.rank]
        mass = rows.mass(part)
        # Workers average their gradients; weighed by share, that is the gradient of the whole batch.
        share = 1.0
        if self.engine.workers > 1 and (whole := rows.mass(index)):
            share = self.engine.workers * mass / whole
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.stepper.backward(self.module, rows.batch(part), share)
        if self.plan.clip is not None:
            nn.utils.clip_grad_norm_(self.weights, self.plan.clip)
        self.optimizer.step()
        if self.average is not None:
            self.average.update(self.objective, self.steps_done)
        self.tally.add(loss, mass)
        return loss

    def _factor(self) -> float:
        """Of this step on the peak rates."""
        factor = self.schedule(self.steps_done)
        if self.reaction is not None:
            factor *= self.reaction([entry["validation_loss"] for entry in self.history])
        return factor

    def _averaged(self) -> AbstractContextManager[None]:
        """Inside it the objective has the weights that would be kept."""
        return nullcontext() if self.average is None else self.average.applied(self.objective)

    @torch.no_grad()
    def _validate(self, rows: Rows) -> float:
        """Mean loss over validation rows; views of them are the same in every epoch."""
        self.objective.eval()
        tally = Tally(self.device)
        judged = self.judged or Sequential(len(rows), self.sampler.batch_size)
        for number, index in enumerate(judged.batches(0)):
            part = index.tensor_split(self.engine.workers)[self.engine.rank]
            if len(part):
                self._seed("validation", number, self.engine.rank)
                tally.add(self.stepper.loss(self.objective, rows.batch(part)), rows.mass(part))
        return tally.mean(self.engine)

    def _seed(self, *names: str | int) -> None:
        """Put both generators where this moment of the run has them: dropout's and the views'."""
        seed = self.stepper.chance(self.plan.seed)
        seed_default(self.device, derive(seed, "dropout", *names))
        self.stepper.generator.manual_seed(derive(seed, "views", *names))

    def _refuse_nonsense(self, entry: dict[str, float]) -> None:
        if not all(map(math.isfinite, entry.values())):
            raise SpecError(
                f"{self.plan.stage}: the loss is no longer a number",
                got=", ".join(f"{name} {value}" for name, value in entry.items()),
                expected="finite losses",
                mend=f"lower {self.plan.stage}.learning_rate, or set {self.plan.stage}.clip",
            )

    def _checkpoint_after(self, seconds: float) -> None:
        """Write a checkpoint if the last is that old; the first worker does it, for all have the same."""
        if self.checkpoints is None or self.engine.rank != 0:
            return
        begun = time.monotonic()
        if begun - self.written >= seconds:
            self.checkpoints.save(snapshot(self))
            self.written = time.monotonic()
            self.took = self.written - begun

    def _say(self, loss: Tensor) -> None:
        if self.progress is not None:
            self.progress(
                self.plan.stage,
                self.steps_done,
                self.plan.epochs * self.sampler.steps,
                lambda: {"epoch": self.epoch + 1, "loss": float(loss)},
                now=self.step == self.sampler.steps,
            )
