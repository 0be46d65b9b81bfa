"""The noisy mean of clients' updates: DP-FedAvg's mechanism, at the server.

McMahan et al., "Learning Differentially Private Recurrent Language Models" (2018), algorithm 1 with the
estimator of section 3.2 for clients that weigh alike, https://arxiv.org/abs/1710.06963; a bound that follows
the median norm as in Andrew et al., "Differentially Private Learning with Adaptive Clipping" (2021),
algorithm 1, https://arxiv.org/abs/1905.03871

    sum of clipped updates of those that answered + N(0, (z · bound)²)
    ------------------------------------------------------------------
                     clients expected in a round

Guarantee: one release is the Gaussian mechanism of noise multiplier z on a Poisson sample of clients, with
adding or removing one client as neighbours, whatever a client sends: nothing that comes from it is believed.
A client that is drawn and doesn't answer adds nothing; the denominator stays. It assumes that the server
keeps to itself who was drawn, who answered, and what was answered: a client is hidden from whoever sees the
model, not from the server.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ...privacy.canaries.canary_stepper import LENGTH
from ...privacy.canaries.noise_watch import NoiseWatch
from ...privacy.clipping import FlatClipping
from ...privacy.flat_gradient import FlatGradient
from ...privacy.noise import GaussianNoise
from .canaries import Canaries
from .updates import norm

__all__ = ["Answer", "NoisyMean"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a client sent.

    Attributes:
        update: its change of each array, float64.
        within: whether it says that the whole change was within the bound; None where it doesn't say.
    """

    update: Mapping[str, Tensor]
    within: bool | None = None


class NoisyMean:
    """Releases one noisy mean a round.

    Args:
        likes: arrays of the names and shapes that updates have.
        clipping: how updates are clipped; it keeps the bound.
        noise_multiplier: z, of the whole round: where clipping counts, too, the sum's noise is larger.
        expected: clients that take part in a round on average: what sums are divided by.
        noise: what is added.
        spare: coordinates beside the arrays', which get noise alone.
        canaries: imagined clients on the first of those coordinates; None is none.

    Raises:
        SpecError: the clipping can't be had with so much noise.
    """

    def __init__(
        self,
        likes: Mapping[str, Tensor],
        *,
        clipping: FlatClipping,
        noise_multiplier: float,
        expected: int,
        noise: GaussianNoise,
        spare: int,
        canaries: Canaries | None = None,
    ):
        self.names = tuple(likes)
        parts = [nn.Parameter(part.detach().double(), requires_grad=False) for part in likes.values()]
        self.flat = FlatGradient(parts, spare, torch.float64)
        self.clipping, self.noise_multiplier, self.expected = clipping, noise_multiplier, expected
        self.noise, self.canaries = noise, canaries
        self.watch = NoiseWatch(self.flat)
        self.releases = 0
        #: Sum of squares of the spare coordinates, in units of the deviation that is accounted for.
        self.spare_squares = 0.0
        clipping.gradient_noise(noise_multiplier)  # refused here, before the first round

    @property
    def numbers(self) -> int:
        """How many numbers are released in a round, spare ones not counted."""
        return sum(view.numel() for view in self.flat.views.values())

    @property
    def deviation(self) -> float:
        """Standard deviation that the noise on each number of the mean should have now."""
        return self.clipping.gradient_noise(self.noise_multiplier) * self.clipping.bound / self.expected

    def release(self, answers: Sequence[Answer]) -> dict[str, Tensor]:
        """The mean change of a round, which may be published, and the bound moved for the next.

        Args:
            answers: of those that were drawn, as many as came.

        Returns:
            Changes by name, float64.
        """
        deviation, bound = self.deviation, self.clipping.bound
        self._start(deviation * self.expected)
        norms = [norm(answer.update) for answer in answers]
        for answer, length in zip(answers, norms, strict=True):
            self._add(answer.update, self._let_through(length))
        self.flat.buffer /= self.expected
        self._watch(deviation, bound)
        within = [
            bool(length <= bound) if answer.within is None else answer.within
            for answer, length in zip(answers, norms, strict=True)
        ]
        self.clipping.follow(float(sum(within)), len(within), self._counted)
        self.releases += 1
        views = self.flat.views.values()
        return {name: view.clone() for name, view in zip(self.names, views, strict=True)}

    def _start(self, deviation: float) -> None:
        """Put into the buffer what clipped updates are added to: the noise of the sum."""
        self.noise.fill(self.flat.buffer, deviation)

    def _add(self, update: Mapping[str, Tensor], factor: float) -> None:
        for name, view in zip(self.names, self.flat.views.values(), strict=True):
            view.add_(update[name], alpha=factor)

    def _let_through(self, length: Tensor) -> float:
        """The share of an update of this norm that is let through."""
        return float(self.clipping.coefficients(length.square().reshape(1, 1))[0, 0])

    def _counted(self, count: float, deviation: float) -> float:
        """A count with noise of its own."""
        return count + self.noise.draw(deviation)

    def _watch(self, deviation: float, bound: float) -> None:
        """Look at what was released where no client's update reaches, and put the canaries there."""
        if deviation == 0:
            return
        spare = self.flat.spare.numpy()
        self.spare_squares += float(np.square(spare / deviation).sum())
        self.watch.see(deviation)
        if self.canaries is not None:
            length = LENGTH * bound
            size = length * self._let_through(torch.tensor(length, dtype=torch.float64)) / self.expected
            self.canaries.see(spare, size)
