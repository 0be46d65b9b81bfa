"""Of thousands of slices that overlap, the few that explain the rest.

The strongest is taken, and shortened by every column that adds nothing to it; its rows are brought to the
rest; the search is repeated on what is left. So a slice of which a part is at fault loses to that part, and a
part adds to its whole only what it has beyond it. What is taken must be significant in the data as they are:
pruning can't add false alarms.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .effect import Effect, effect
from .residuals import Residual
from .search import Scan, Space, Strata

__all__ = ["Found", "explain"]

_ADDS = 1.96  # a column stays in a slice if its rows differ so much from the others of the shorter slice


@dataclass(frozen=True, kw_only=True)
class Found:
    """A slice that chance doesn't explain."""

    places: tuple[int, ...]
    """Its bins."""
    rows: np.ndarray
    z: float
    """In the data as they are."""
    effect: Effect


@dataclass(frozen=True, kw_only=True)
class _Judge:
    """Beyond chance: on what is left, in the data as they are, and by the slice's own spread."""

    residual: Residual
    space: Space
    whole: np.ndarray
    strata: Strata
    left: np.ndarray
    strata_left: Strata
    limit: float

    def __call__(self, places: tuple[int, ...]) -> Found | None:
        rows = self.space.rows(places)
        counts = np.bincount(self.residual.strata[rows], minlength=len(self.strata.rows))[None]
        z, remaining = (
            float(strata.z(values[rows].sum()[None, None], counts)[0, 0])
            for strata, values in ((self.strata, self.whole), (self.strata_left, self.left))
        )
        if min(z, remaining) <= self.limit:
            return None
        held = effect(self.residual, rows)
        direction = np.sign(self.left[rows].sum() - (counts @ self.strata_left.mean)[0])
        fits = direction * held.z > self.limit
        return Found(places=places, rows=rows, z=z, effect=held) if fits else None


def explain(
    residual: Residual,
    whole: np.ndarray,
    space: Space,
    *,
    minimum: int,
    limit: float,
    most: int,
    search: Callable[[np.ndarray, Strata], Scan],
) -> list[Found]:
    """Slices that are significant, each only if those before it don't explain it.

    Args:
        whole: (n,) the residual in whole numbers.
        minimum: fewest rows of a slice.
        limit: z that chance doesn't exceed.
        most: slices that are wanted.
        search: of one (n,) residual.
    """  # fmt: skip
    found: list[Found] = []
    strata, left = Strata(residual.strata, whole, minimum, residual.signed), whole.copy()
    while len(found) < most:
        strata_left = Strata(residual.strata, left, minimum, residual.signed)
        judge = _Judge(
            residual=residual, space=space, whole=whole, strata=strata, left=left,
            strata_left=strata_left, limit=limit,
        )  # fmt: skip
        shown = {one.places for one in found}
        candidates = (places for _, places in search(left, strata_left).candidates)
        judged = (_shortened(judge(places), judge) for places in candidates)
        taken = next((one for one in judged if one and one.places not in shown), None)
        if taken is None:
            break
        found.append(taken)
        off = effect(replace(residual, values=left.astype(float)), taken.rows).difference
        left[taken.rows] -= np.float32(round(off))
    return found


def _shortened(found: Found | None, judge: _Judge) -> Found | None:
    """The same slice without the columns that add nothing to the others."""
    if found is None:
        return None
    for dropped in found.places if len(found.places) > 1 else ():
        shorter = judge(tuple(place for place in found.places if place != dropped))
        if shorter is None:
            continue
        inside = np.flatnonzero(np.isin(shorter.rows, found.rows))
        beyond = replace(judge.residual, values=judge.left.astype(float)).take(shorter.rows)
        if abs(effect(beyond, inside).z) <= _ADDS:
            return _shortened(shorter, judge)
    return found
