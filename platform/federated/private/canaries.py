"""Imagined clients that attack the claim while rounds go on.

Steinke, Nasr & Jagielski, "Privacy Auditing with One (1) Training Run" (2023), section 6,
https://arxiv.org/abs/2305.08846, with clients in the place of rows. Each sends an update along a coordinate
of its own; these lie beside the model's, under the same noise, so canaries move no weight.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["Canaries"]


@dataclass(kw_only=True)
class Canaries:
    """Those that fair coins put into the training, and those that they left out.

    Attributes:
        included: (canaries,) bool, how the coins fell.
        sample_rate: probability that an included one takes part in a round, as of a client.
        rng: of that draw.
        scores: (canaries,) sum over rounds of what was released along each one's coordinate.
    """

    included: np.ndarray
    sample_rate: float
    rng: np.random.Generator
    scores: np.ndarray

    def see(self, released: np.ndarray, size: float) -> None:
        """Add a round: noise along the coordinates, and an update of this norm for each that is drawn."""
        drawn = self.included & (self.rng.random(len(self.included)) < self.sample_rate)
        self.scores += released[: len(self.included)] + size * drawn
