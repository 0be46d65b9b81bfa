"""Gradients that are put into the steps of a run, or left out, by fair coins: the white-box attack.

Steinke, Nasr & Jagielski (2023), section 6 ("Dirac canaries"), https://arxiv.org/abs/2305.08846: a canary is
an imagined row whose clipped gradient is as large as may be and lies along one coordinate of its own. It
takes part in a step by the coin of Poisson sampling, as a row does. Who sees every update looks how far that
coordinate was moved.

It is close to the strongest attack that the analysis of DP-SGD allows for. It finds noise that is missing or
too small, and coefficients that let too much through; not a layer whose norms are left out (the engine's
self-check does), and nothing that is wrong outside of the steps.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...platform.privacy.stepper import PrivateStepper
from ...platform.training.rows import Batch
from ...platform.training.steppers import FullPrecision
from .canaries import coins

__all__ = ["CanaryStepper", "GradientCanaries", "difference_scores", "gradient_canaries"]

LENGTH = 10.0
"""Norm of a canary's gradient before clipping, in multiples of the bound."""


@dataclass(frozen=True, kw_only=True)
class GradientCanaries:
    """Gradients along single coordinates, and how their coins fell."""

    coordinates: np.ndarray
    """(canaries,) int64, positions in the trainable parameters laid end to end, each once."""
    included: np.ndarray
    """(canaries,) bool"""


def gradient_canaries(parameters: int, count: int, *, rng: np.random.Generator) -> GradientCanaries:
    """Choose a coordinate for each canary.

    Args:
        parameters: trainable numbers of the model; canaries are at most as many.
        count: canaries.
        rng: of the choice and the coins; keep its seed from whoever trains.
    """
    assert count <= parameters, (count, parameters)
    return GradientCanaries(
        coordinates=rng.choice(parameters, size=count, replace=False), included=coins(count, rng)
    )


@dataclass(frozen=True, kw_only=True)
class CanaryStepper(FullPrecision):
    """A private stepper whose steps hold canaries, and which keeps count of what they left behind.

    A canary's gradient is `LENGTH` times the bound before the stepper's own clipping. It is added after the
    noise: a sum doesn't depend on the order.

    Attributes:
        inner: the stepper under attack.
        canaries: what is added.
        sample_rate: probability that an included canary takes part in a step, as of a row.
        rng: of that sampling.
        scores: (canaries,) sum over steps of each update's component along each canary.
    """

    inner: PrivateStepper
    canaries: GradientCanaries
    sample_rate: float
    rng: np.random.Generator
    scores: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scores", np.zeros(len(self.canaries.coordinates)))

    @property
    def secret(self) -> bool:
        """A run that starts again must know how the canaries' coins of each step fell."""
        return True

    def state(self) -> dict[str, Any]:
        """The inner stepper's state, the scores so far, and where the sampling stands."""
        position = self.rng.bit_generator.state
        return {"inner": self.inner.state(), "scores": self.scores.tolist(), "sampling": position}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self.inner.restore(state["inner"])
        self.scores[:] = state["scores"]
        self.rng.bit_generator.state = state["sampling"]

    def loss(self, objective: nn.Module, batch: Batch) -> Tensor:
        """Scalar loss of a batch, as the inner stepper has it."""
        return self.inner.loss(objective, batch)

    def backward(self, objective: nn.Module, batch: Batch, share: float = 1.0) -> Tensor:
        """Set the weights' gradients, those of the canaries that are drawn included.

        Returns:
            The inner stepper's loss.
        """
        size = self._clipped() / self.inner.expected_batch  # before adaptive clipping moves the bound
        loss = self.inner.backward(objective, batch, share)
        drawn = self.rng.random(len(self.scores)) < self.sample_rate
        added = np.where(self.canaries.included & drawn, size, 0.0)
        self.scores[:] += _add_along(objective, self.canaries.coordinates, added)
        return loss

    def _clipped(self) -> float:
        """Norm that the clipping leaves of a canary's gradient, all of which is in one layer."""
        clipping = self.inner.clipping
        length = LENGTH * clipping.bound
        squared = torch.zeros(len(self.inner.engine.all), 1)
        squared[0] = length**2
        return length * float(clipping.coefficients(squared)[0, 0])


def difference_scores(before: Tensor, after: Tensor, canaries: GradientCanaries) -> np.ndarray:
    """Scores from the weights alone: minus how far each canary's coordinate moved, (canaries,).

    For plain SGD they are the sum of all updates; momentum, Adam and weight decay blur them, and the attack
    gets weaker than one that sees each step.

    Args:
        before: (parameters,) trainable weights laid end to end, at the start.
        after: the same at the end.
        canaries: whose coordinates are looked at.
    """
    index = torch.from_numpy(canaries.coordinates)
    return (before.flatten()[index] - after.flatten()[index]).double().numpy()


def _add_along(objective: nn.Module, coordinates: np.ndarray, added: np.ndarray) -> np.ndarray:
    """Add to the gradients at these coordinates, and return what then stands there, (canaries,)."""
    seen, start = np.zeros(len(coordinates)), 0
    for parameter in objective.parameters():
        if not parameter.requires_grad:
            continue
        inside = (coordinates >= start) & (coordinates < start + parameter.numel())
        index = torch.from_numpy(coordinates[inside] - start).to(parameter.device)
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        values = torch.from_numpy(added[inside]).to(parameter.grad)
        flat = parameter.grad.reshape(-1)
        flat[index] += values
        parameter.grad = flat.view_as(parameter)
        seen[inside] = flat[index].double().cpu().numpy()
        start += parameter.numel()
    return seen
