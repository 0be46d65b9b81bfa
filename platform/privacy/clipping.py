"""How much of each sample's gradient is let through.

Flat and per layer: Abadi et al., "Deep Learning with Differential Privacy" (2016), sections 3.1 and 3.2,
https://arxiv.org/abs/1607.00133. Adaptive: Andrew et al., "Differentially Private Learning with Adaptive
Clipping" (2021), https://arxiv.org/abs/1905.03871

Each bounds the norm of a sample's whole gradient by `bound`, so adding or removing one sample moves the
clipped sum by no more: that is the sensitivity to which the noise is scaled.
"""

import math
from collections.abc import Callable, Mapping

from torch import Tensor

from ..exceptions import SpecError

__all__ = ["CLIPPINGS", "AdaptiveClipping", "FlatClipping", "PerLayerClipping", "Release"]

TINY = 1e-6
"""Added to norms before dividing: Opacus does so too, and it errs towards clipping more."""

Release = Callable[[float, float], float]
"""Makes a count public: from this worker's count and a standard deviation, the noisy count of the batch."""


class FlatClipping:
    """One bound for the gradient of all layers together.

    Args:
        bound: largest norm of a sample's gradient.
    """

    def __init__(self, bound: float):
        self.bound = bound

    def coefficients(self, squared: Tensor) -> Tensor:
        """Factors `(layers, B)` in [0, 1] from squared norms `(layers, B)`."""
        norms = squared.sum(0).sqrt_()
        return norms.add_(TINY).reciprocal_().mul_(self.bound).clamp_(max=1.0).expand_as(squared)

    def gradient_noise(self, noise_multiplier: float) -> float:
        """Noise on the sum, in multiples of `bound`, so that the whole step has this noise multiplier."""
        return noise_multiplier

    def update(self, squared: Tensor, release: Release) -> None:
        """Learn from the squared norms `(layers, rows)` of the step's rows on this worker: nothing."""

    def follow(self, below: float, units: int, release: Release) -> None:
        """Learn from how many of the step's rows, or clients, are within the bound: nothing."""


class PerLayerClipping(FlatClipping):
    """The same bound for each layer, so that all together keep within `bound`: McMahan et al. (2018)."""

    def coefficients(self, squared: Tensor) -> Tensor:
        """Factors `(layers, B)`, each layer by its own norm."""
        share = self.bound / math.sqrt(len(squared))
        return squared.sqrt().add_(TINY).reciprocal_().mul_(share).clamp_(max=1.0)


class AdaptiveClipping(FlatClipping):
    """A bound that follows a quantile of the norms.

    The share of samples below the bound is counted privately: the count has sensitivity 1/2 (each sample adds
    ±1/2), and the gradient's noise is raised so that both releases together cost what the step without the
    count would have cost (Andrew et al., theorem 1).

    Args:
        bound: where it starts.
        quantile: share of samples whose gradients are let through whole.
        rate: how fast it follows.
        count_noise: standard deviation of the noise on the count, as a share of the expected batch.
    """

    def __init__(
        self,
        bound: float,
        expected_batch: float,
        *,
        quantile: float = 0.5,
        rate: float = 0.2,
        count_noise: float = 0.05,
    ):
        super().__init__(bound)
        self.expected_batch, self.quantile, self.rate = expected_batch, quantile, rate
        self.deviation = count_noise * expected_batch

    def gradient_noise(self, noise_multiplier: float) -> float:
        """The multiple z' with 1 / z² = 1 / z'² + 1 / (2 deviation)².

        Raises:
            SpecError: the count alone costs more than the whole step may.
        """
        if noise_multiplier >= 2 * self.deviation:
            raise SpecError(
                "adaptive clipping would spend the whole budget on counting",
                got=f"noise of {self.deviation:.3g} on the count, noise multiplier {noise_multiplier:.3g}",
                expected=f"noise above {noise_multiplier / 2:.3g} on the count",
                mend="set privacy.clipping to flat, or raise train.batch_size (clients: federated.fraction)",
            )
        if noise_multiplier == 0:
            return 0.0
        return (noise_multiplier**-2 - (2 * self.deviation) ** -2) ** -0.5

    def update(self, squared: Tensor, release: Release) -> None:
        """Move the bound by the noisy share of rows whose norm is below it."""
        below = squared.sum(0) <= self.bound**2
        self.follow(float(below.sum()), len(below), release)

    def follow(self, below: float, units: int, release: Release) -> None:
        """Move the bound by the noisy share of those within it (equation 2).

        Args:
            below: how many rows, or clients, of the step are within the bound.
            units: how many there are in the step.
            release: makes the count public.
        """
        count = release(below - 0.5 * units, self.deviation)
        share = count / self.expected_batch + 0.5
        self.bound *= math.exp(-self.rate * (share - self.quantile))


CLIPPINGS: Mapping[str, Callable[[float, float], FlatClipping]] = {
    "flat": lambda bound, expected_batch: FlatClipping(bound),
    "per_layer": lambda bound, expected_batch: PerLayerClipping(bound),
    "adaptive": AdaptiveClipping,
}
"""Name in the spec to clipping, from the bound and the expected batch."""
