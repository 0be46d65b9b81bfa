"""From the section `privacy` of a spec to a run's sampler and stepper, checked before the first step."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

import torch
from torch import nn

from ..training.engines.in_process import Engine, InProcess
from ..training.progress import Progress
from ..training.rows import Rows
from ..training.steppers import FullPrecision
from .accountant import SubsampledGaussian, check_budget, epsilon_of
from .canaries.canary_stepper import CanaryStepper
from .canaries.coins import coins, random_numbers
from .canaries.scores import CanaryScores
from .clipping import CLIPPINGS
from .config import PrivacyConfig
from .person_sampler import PersonSampler
from .poisson_sampler import Poisson
from .self_check import check_clipping, check_sampling
from .stages import Stages
from .stepper import PrivateStepper, private_stepper

__all__ = ["PrivateRun", "private_run"]

_CHECKED_ROWS = 4


@dataclass(frozen=True, kw_only=True)
class PrivateRun:
    """What `fit` is called with, and what is promised of it.

    Attributes:
        config: the section of the spec.
        sampler: which rows make a step.
        inner: how the private gradient comes about.
        canaries: the same with canaries in it, or None.
        before: private runs on the same rows that led here, and that this run's claim holds together with.
    """

    config: PrivacyConfig
    sampler: Poisson
    inner: PrivateStepper
    canaries: CanaryStepper | None
    before: tuple[SubsampledGaussian, ...] = ()

    @property
    def stepper(self) -> PrivateStepper | CanaryStepper:
        """What `fit` steps with."""
        return self.canaries or self.inner

    def finished(self) -> CanaryScores | None:
        """What the canaries show, once the run is over; None where there are none.

        Raises:
            MechanismError: some parameter got less noise than canaries did.
        """
        if self.canaries is None:
            return None
        self.canaries.watch.check()
        return CanaryScores(
            scores=self.canaries.scores,
            included=self.canaries.included,
            delta=self.config.delta,
        )

    def epsilon(self, steps: int) -> float:
        """What so many steps cost, together with the runs before."""
        return epsilon_of(
            [*self.before, self.mechanism(steps)],
            delta=self.config.delta,
            accountant=self.config.accountant,
        )

    def telling(self, progress: Callable[[Progress], None]) -> Callable[[Progress], None]:
        """The same listener, who hears beside the loss what the run will have cost at the epoch's end."""

        @cache
        def after(epochs: int) -> float:
            # Rényi accounting is an upper bound that takes a hundredth of the time.
            return epsilon_of(
                [*self.before, self.mechanism(epochs * self.sampler.steps)],
                delta=self.config.delta,
                accountant="rdp",
            )

        def tell(moved: Progress) -> None:
            epsilon = after(-(-moved.step // self.sampler.steps))
            progress(replace(moved, metrics={**moved.metrics, "epsilon": epsilon}))

        return tell

    def mechanism(self, steps: int) -> SubsampledGaussian:
        """What so many steps are to an accountant or a ledger."""
        return SubsampledGaussian(
            noise_multiplier=self.inner.noise_multiplier,
            sample_rate=self.sampler.sample_rate,
            steps=steps,
        )

    def details(self, steps: int) -> dict[str, Any]:
        """For the manifest: what was asked for, the mechanism that ran, and its epsilon.

        Args:
            steps: that were taken, of all epochs together.
        """
        config = self.config
        together = [asdict(one) for one in (*self.before, self.mechanism(steps))]
        return {
            "epsilon": self.epsilon(steps),
            "epsilon_asked": config.epsilon,
            "delta": config.delta,
            "unit": config.unit,
            "accountant": config.accountant,
            "clipping": config.clipping,
            "max_grad_norm": config.max_grad_norm,
            "noise_multiplier": self.inner.noise_multiplier,
            "sample_rate": self.sampler.sample_rate,
            "steps": steps,
            "canaries": 0 if self.canaries is None else len(self.canaries.scores),
            "secret_noise": self.inner.noise.secret and self.sampler.stream.secret,
            **({"stages": together} if self.before else {}),
        }


def private_run(
    objective: nn.Module,
    inner: FullPrecision,
    rows: Rows,
    config: PrivacyConfig,
    *,
    batch_size: int,
    epochs: int,
    group: Engine | None = None,
    stages: Stages | None = None,
) -> PrivateRun:
    """Find the noise for a budget, and build the run that keeps within it.

    Args:
        objective: what is trained; its loss is a weighted mean over rows.
        inner: how the loss is computed, e.g. in mixed precision.
        rows: the private rows.
        config: the section of the spec.
        batch_size: expected rows a step, or persons where these are the unit.
        epochs: steps are `epochs` times as many as make up the rows once.
        group: the workers that share each batch, all of whom have to call this; None is this process alone.
        stages: of which this run is one; None is the only one.

    Raises:
        SpecError: a budget that can't be promised or kept.
        ModelError: a layer mixes samples, or hides what is needed.
        MechanismError: the mechanism that would run is not the one that is accounted for.
    """
    stages = stages or Stages()
    sampler = _sampler(rows, config, batch_size, stages.name)
    noise_multiplier = stages.noise_multiplier(
        config, sample_rate=sampler.sample_rate, steps=epochs * sampler.steps
    )
    stepper = private_stepper(
        objective,
        inner,
        clipping=CLIPPINGS[config.clipping](config.max_grad_norm, batch_size),
        noise_multiplier=noise_multiplier,
        expected_batch=batch_size,
        noise_seed=config.noise_seed,
        physical_batch=config.physical_batch,
        group=group,
        spare=config.canaries,
    )
    canaries = _with_canaries(stepper, config, sampler)
    _share_keys(sampler, canaries or stepper, group or InProcess())
    check_sampling(sampler)
    check_clipping(stepper.engine, objective, rows.batch(torch.arange(min(_CHECKED_ROWS, len(rows)))))
    return PrivateRun(config=config, sampler=sampler, inner=stepper, canaries=canaries, before=stages.before)


def _sampler(rows: Rows, config: PrivacyConfig, batch_size: int, stage: str) -> Poisson:
    """Coins for rows, or for the persons whose rows they are.

    Raises:
        SpecError: a budget that promises nothing to so many, or a batch of more.
    """
    persons = None if rows.persons is None else rows.persons.cpu().numpy()
    units = len(rows) if persons is None else int(persons.max()) + 1
    check_budget(
        epsilon=config.epsilon, delta=config.delta, rows=units, batch_size=batch_size,
        unit="row" if persons is None else "person", stage=stage,
    )  # fmt: skip
    if persons is None:
        return Poisson(units, batch_size, config.noise_seed)
    return PersonSampler(persons, batch_size, config.noise_seed)


def _with_canaries(stepper: PrivateStepper, config: PrivacyConfig, sampler: Poisson) -> CanaryStepper | None:
    """The stepper with canaries in it; None where none are asked for."""
    if config.canaries == 0:
        return None
    rng = random_numbers(config.noise_seed)
    return CanaryStepper(
        generator=stepper.generator,
        inner=stepper,
        included=coins(config.canaries, rng),
        sample_rate=sampler.sample_rate,
        rng=rng,
    )


def _share_keys(sampler: Poisson, stepper: PrivateStepper | CanaryStepper, group: Engine) -> None:
    """Let every worker draw what the first one draws: rows are shared out of one batch."""
    drawn, state = group.once(lambda: (sampler.state(), stepper.state()))
    sampler.restore(drawn)
    stepper.restore(state)
