"""DP-SGD's step: clip each sample, add up, add noise, divide by the expected batch.

Abadi et al., "Deep Learning with Differential Privacy" (2016), algorithm 1, https://arxiv.org/abs/1607.00133.
What an optimizer makes of the gradient (momentum, Adam) is post-processing, and free.

Guarantee: one step is the Gaussian mechanism of noise multiplier `noise_multiplier` on the sum over a batch,
with adding or removing one row as neighbours. It assumes that rows are drawn by Poisson sampling, that the
objective's loss is a weighted mean over rows, and that no layer mixes rows.

Several workers clip and add up each its own part of a batch. The first one's sum starts from the noise of the
whole batch: it is drawn once, and all get the same noisy sum. They trust one another with sums and keys.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ..training.engines.in_process import Engine, InProcess
from ..training.rows import Batch
from ..training.steppers import FullPrecision
from .bookkeeping import BookKeeping
from .choice import Choice
from .clipping import FlatClipping
from .flat_gradient import FlatGradient
from .noise import GaussianNoise
from .padding import pad, split, step_of

__all__ = ["PrivateStepper", "private_stepper"]


@dataclass(frozen=True, kw_only=True)
class PrivateStepper(FullPrecision):
    """Fills in the weights' gradients with the noisy mean of clipped per-sample gradients.

    Args:
        inner: how the loss is computed, e.g. in mixed precision.
        engine: of the objective.
        gradient: its parameters' buffer.
        clipping: how samples are clipped.
        noise: what is added.
        noise_multiplier: standard deviation of the noise in multiples of the sensitivity.
        expected_batch: what the sum is divided by, whatever the number of rows.
        physical_batch: most rows that go through the network at once.
        group: the workers that share each batch.
    """

    inner: FullPrecision
    engine: BookKeeping
    gradient: FlatGradient
    clipping: FlatClipping
    noise: GaussianNoise
    noise_multiplier: float
    expected_batch: int
    physical_batch: int
    group: Engine = field(default_factory=InProcess)

    @property
    def secret(self) -> bool:
        """Yes: the same step with other noise would be another look at the data."""
        return True

    def chance(self, seed: int) -> int:
        """Dropout, masks and views are as secret as the noise.

        A row that is left out moves the others to other places of the batch, where known draws would fall
        otherwise: their gradients would change with it, and its own bound would bound nothing. Draws that
        nobody knows are as likely in one place as in another.
        """
        return self.noise.stream.number("chance")

    def state(self) -> dict[str, Any]:
        """Key and position of the noise, as secret as the noise itself, and the bound where it stands."""
        return {"noise": self.noise.stream.state(), "bound": self.clipping.bound}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self.noise.stream.restore(state["noise"])
        self.clipping.bound = state["bound"]

    def joined(self, objective: nn.Module, engine: Engine) -> nn.Module:
        """The objective as it is: what workers share are clipped sums, never gradients."""
        return objective

    def loss(self, objective: nn.Module, batch: Batch) -> Tensor:
        """Scalar loss of a batch, without any privacy: for validation."""
        return self.inner.loss(objective, batch)

    def backward(self, objective: nn.Module, batch: Batch, share: float = 1.0) -> Tensor:
        """Set the weights' gradients, on each worker those of the whole batch.

        Args:
            objective: that the stepper was made for.
            batch: this worker's rows, which may be none.
            share: of no effect, since workers' sums aren't averaged.

        Returns:
            The mean loss of this worker's rows, detached: not private, so not for release.
        """
        scale = 1 / self.expected_batch
        deviation = self.clipping.gradient_noise(self.noise_multiplier) * self.clipping.bound
        norms, losses, masses = [], [], []
        for part in split(batch, self.physical_batch):
            rows = len(part.inputs[0])
            loss, mass, squared = self._measured(objective, part)
            if not norms:  # drawn as late as can be, so that the buffer is in the cache when sums are added
                self._start(deviation * scale)
            self.engine.add_clipped_sum(self.clipping.coefficients(squared) * scale, self.gradient.views)
            norms.append(squared[:, :rows])
            losses.append(loss * mass)
            masses.append(mass)
        self.group.add_up(self.gradient.buffer)
        self.clipping.update(norms[0] if len(norms) == 1 else torch.cat(norms, dim=1), self._released)
        self.gradient.assign()
        return torch.stack(losses).sum() / max(sum(masses), torch.finfo(torch.float32).tiny)

    def _start(self, deviation: float) -> None:
        """Put into the buffer what this worker's clipped gradients are added to."""
        if self.group.rank == 0:
            self.noise.fill(self.gradient.buffer, deviation)
        else:
            self.gradient.buffer.zero_()

    def _released(self, count: float, deviation: float) -> float:
        """A count over all workers, with noise."""
        if self.group.rank == 0:
            count += self.noise.draw(deviation)
        return float(self.group.total(self.gradient.buffer.new_tensor(count)))

    def _measured(self, objective: nn.Module, part: Batch) -> tuple[Tensor, float, Tensor]:
        """Mean loss, mass, and squared norms `(layers, padded rows)` of a part of a batch."""
        padded = pad(part, step_of(min(-(-self.expected_batch // self.group.workers), self.physical_batch)))
        mass = float(len(part.inputs[0])) if part.weight is None else float(part.weight.sum())
        seen: list[Tensor] = []

        def summed() -> Tensor:
            seen.append(self.inner.loss(objective, padded))
            return seen[0] * mass

        squared = self.engine.squared_norms(summed, len(padded.inputs[0]))
        return seen[0].detach(), mass, squared


def private_stepper(
    objective: nn.Module,
    inner: FullPrecision,
    *,
    clipping: FlatClipping,
    noise_multiplier: float,
    expected_batch: int,
    noise_seed: int | None = None,
    physical_batch: int | None = None,
    group: Engine | None = None,
    spare: int = 0,
) -> PrivateStepper:
    """The stepper of an objective.

    Args:
        objective: whose trainable parameters are learned; its loss is a weighted mean over rows.
        inner: how the loss is computed.
        clipping: how samples are clipped.
        noise_multiplier: standard deviation of the noise in multiples of the sensitivity.
        expected_batch: rows a batch has on average.
        noise_seed: None for noise that nobody knows. With one, a run can be had again bit for bit, so ways of
            computing are then chosen by counting operations instead of by the clock.
        physical_batch: most rows that go through the network at once; None: half as many again as expected.
        group: the workers that share each batch; None is this process alone.
        spare: coordinates beside the parameters', which get noise alone.

    Raises:
        SpecError: the clipping can't be had with so much noise.
        ModelError: a layer mixes samples, or hides what is needed.
    """
    clipping.gradient_noise(noise_multiplier)  # refused here, before the first step and what it is charged
    engine = BookKeeping(objective, Choice(measured=noise_seed is None))
    return PrivateStepper(
        generator=inner.generator,
        inner=inner,
        engine=engine,
        gradient=FlatGradient(engine.parameters, spare),
        clipping=clipping,
        noise=GaussianNoise(noise_seed),
        noise_multiplier=noise_multiplier,
        expected_batch=expected_batch,
        physical_batch=physical_batch or expected_batch + expected_batch // 2 + 64,
        group=group or InProcess(),
    )
