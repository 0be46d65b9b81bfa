"""A self-check while a run goes on: do the model's own coordinates get the noise that canaries' get?

Canaries lie on spare coordinates, so noise that reaches those alone would go unseen. But whatever the rows'
gradients do, noise adds to how much a coordinate changes from one step to the next. So no parameter may
change less than the spare coordinates, on which there is nothing but noise.
"""

from typing import Any

from scipy import stats
from torch import Tensor

from ..flat_gradient import FlatGradient
from ..self_check import UNLIKELY, MechanismError

__all__ = ["NoiseWatch"]

WATCHED = 4096
"""Most coordinates of one parameter that are looked at."""


class NoiseWatch:
    """Mean squared changes from the first to the second step of a pair, summed over pairs.

    Args:
        gradient: that is released in each step; it has spare coordinates.
    """

    def __init__(self, gradient: FlatGradient):
        self.gradient = gradient
        #: Of the spare coordinates, then of each parameter.
        self.changes = [0.0] * (1 + len(gradient.views))
        self.pairs = 0
        self._first: list[Tensor] | None = None

    def see(self, unit: float) -> None:
        """Look at a step's released gradient, before canaries are added.

        Args:
            unit: what the noise is proportional to, which an adaptive bound moves.
        """
        seen = [part / unit for part in self._parts()]
        if self._first is None:
            self._first = seen
            return
        for i, (one, other) in enumerate(zip(self._first, seen, strict=True)):
            self.changes[i] += float((one - other).square().mean())
        self._first, self.pairs = None, self.pairs + 1

    def check(self) -> None:
        """Compare each parameter with the spare coordinates, by an F test of one side.

        Where there is no noise at all nothing is compared: that is what canaries find.

        Raises:
            MechanismError: a parameter changed less than noise alone makes it, as it would by chance in fewer
                than one of 10**6 runs.
        """
        spare, *own = self.changes
        if self.pairs == 0 or spare == 0:
            return
        free, *degrees = (self.pairs * len(part) for part in self._parts())
        for changed, of, view in zip(own, degrees, self.gradient.views.values(), strict=True):
            least = stats.f.ppf(UNLIKELY / len(own), of, free)
            if changed / spare < least:
                raise MechanismError(
                    f"the gradient of a parameter of shape {tuple(view.shape)} has less noise than is"
                    f" accounted for: it scatters {changed / spare:.2g} as much as noise alone"
                )

    def _parts(self) -> list[Tensor]:
        """The coordinates that are looked at: of the spare ones, then of each parameter."""
        parts = (self.gradient.spare, *(view.flatten() for view in self.gradient.views.values()))
        return [part[:: -(-len(part) // WATCHED)] for part in parts]

    def state(self) -> dict[str, Any]:
        """For a checkpoint; a pair that isn't whole is left out."""
        return {"changes": self.changes, "pairs": self.pairs}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self.changes, self.pairs, self._first = list(state["changes"]), state["pairs"], None
