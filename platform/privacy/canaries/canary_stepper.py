"""The private step with canaries in it: the white-box attack on the mechanism, while it runs.

Steinke, Nasr & Jagielski, "Privacy Auditing with One (1) Training Run" (2023), section 6 ("Dirac canaries"),
https://arxiv.org/abs/2305.08846: a canary is an imagined row whose clipped gradient is as large as may be and
lies along one coordinate. It takes part in a step by a coin of Poisson sampling, as a row does. Who sees
every update looks how far that coordinate was moved.

Here the coordinates are spare ones behind those of the model, in the same buffer and under the same noise, as
if the model had parameters that no row and no output depends on. So canaries cost no accuracy, a small model
has as many as a large one, and no row's gradient hides them: nothing but the noise does. What they leave
behind says nothing of any row.

It finds noise that is missing or too small, and coefficients that let too much through. It doesn't find a
layer whose norms are left out (the engine's self-check does), noise that reaches spare coordinates and not
the model's (`noise_watch.py` does), and nothing that is wrong outside of the steps.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...training.engines.in_process import Engine
from ...training.rows import Batch
from ...training.steppers import FullPrecision
from ..stepper import PrivateStepper
from .noise_watch import NoiseWatch

__all__ = ["CanaryStepper"]

LENGTH = 10.0
"""Norm of a canary's gradient before clipping, in multiples of the bound."""


@dataclass(frozen=True, kw_only=True)
class CanaryStepper(FullPrecision):
    """A private stepper whose steps hold canaries, and which keeps count of what they left behind.

    A canary's gradient is `LENGTH` times the bound before the stepper's own clipping. It is added after the
    noise: a sum doesn't depend on the order.

    Attributes:
        inner: the stepper under attack; it has a spare coordinate for each canary.
        included: (canaries,) bool, how the coins fell.
        sample_rate: probability that an included canary takes part in a step, as of a unit of privacy.
        rng: of that sampling.
        scores: (canaries,) sum over steps of what was released along each canary's coordinate.
        watch: whether the model's own coordinates get the same noise.
    """

    inner: PrivateStepper
    included: np.ndarray
    sample_rate: float
    rng: np.random.Generator
    scores: np.ndarray = field(init=False)
    watch: NoiseWatch = field(init=False)

    def __post_init__(self) -> None:
        assert len(self.inner.gradient.spare) == len(self.included)
        object.__setattr__(self, "scores", np.zeros(len(self.included)))
        object.__setattr__(self, "watch", NoiseWatch(self.inner.gradient))

    @property
    def secret(self) -> bool:
        """A run that starts again must know how the coins fell."""
        return True

    def state(self) -> dict[str, Any]:
        """The inner stepper's state, the coins, what the canaries left so far, where the sampling stands."""
        return {
            "inner": self.inner.state(),
            "included": self.included.tolist(),
            "scores": self.scores.tolist(),
            "sampling": self.rng.bit_generator.state,
            "watch": self.watch.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken, with the coins that were flipped then."""
        self.inner.restore(state["inner"])
        self.included[:] = state["included"]
        self.scores[:] = state["scores"]
        self.rng.bit_generator.state = state["sampling"]
        self.watch.restore(state["watch"])

    def chance(self, seed: int) -> int:
        """As secret as the inner stepper's noise."""
        return self.inner.chance(seed)

    def joined(self, objective: nn.Module, engine: Engine) -> nn.Module:
        """As the inner stepper has it: each worker adds the same canaries to the sum that all hold."""
        return self.inner.joined(objective, engine)

    def loss(self, objective: nn.Module, batch: Batch) -> Tensor:
        """Scalar loss of a batch, as the inner stepper has it."""
        return self.inner.loss(objective, batch)

    def backward(self, objective: nn.Module, batch: Batch, share: float = 1.0) -> Tensor:
        """Set the weights' gradients, in which no canary has a part, and note what canaries left beside them.

        Returns:
            The inner stepper's loss.
        """
        size = self._clipped() / self.inner.expected_batch  # before adaptive clipping moves the bound
        loss = self.inner.backward(objective, batch, share)
        self.watch.see(size)
        drawn = self.included & (self.rng.random(len(self.scores)) < self.sample_rate)
        released = self.inner.gradient.spare.cpu().double().numpy() + size * drawn
        self.scores[:] += released
        return loss

    def _clipped(self) -> float:
        """Norm that the clipping leaves of a canary's gradient, all of which is in one layer."""
        clipping = self.inner.clipping
        length = LENGTH * clipping.bound
        squared = torch.zeros(len(self.inner.engine.all), 1)
        squared[0] = length**2
        return length * float(clipping.coefficients(squared)[0, 0])
