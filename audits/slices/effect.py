"""How much a slice differs from the rest, in the residual's own unit and with the slice's own spread."""

from dataclasses import dataclass

import numpy as np

from .residuals import Residual

__all__ = ["Effect", "effect"]


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A slice beside rows of the same strata elsewhere."""

    value: float
    """Mean in the slice."""
    elsewhere: float
    """Mean that rows of the same strata have outside of the slice."""
    error: float
    """Standard error of the difference; no permutation: the slice's own spread (Welch, 1947)."""

    @property
    def difference(self) -> float:
        """Slice minus elsewhere."""
        return self.value - self.elsewhere

    @property
    def z(self) -> float:
        """Difference over its error."""
        if self.error:
            return self.difference / self.error
        return float(np.copysign(np.inf, self.difference)) if self.difference else 0.0


def effect(residual: Residual, rows: np.ndarray) -> Effect:
    """Compare some rows with all others.

    Args:
        rows: of the slice, at least two.
    """
    values, strata = residual.values, residual.strata
    count = strata.max() + 1
    inside, held = values[rows], strata[rows]
    n_in, n_all = np.bincount(held, minlength=count), np.bincount(strata, minlength=count)
    rest = n_all - n_in
    total = np.bincount(strata, values, count)
    with np.errstate(invalid="ignore", divide="ignore"):
        outside = (total - np.bincount(held, inside, count)) / rest
        squares = np.bincount(strata, values**2, count) - np.bincount(held, inside**2, count)
        spread = np.maximum(squares / rest - outside**2, 0.0) / np.maximum(rest - 1, 1)
    # A stratum that lies wholly in the slice has nothing to be compared with: its rows count as no different.
    alone = rest == 0
    outside = np.where(alone, total / np.maximum(n_all, 1), outside)
    share = n_in / len(rows)
    own = (inside - outside[held]).var(ddof=1) / len(rows)
    return Effect(
        value=float(inside.mean()),
        elsewhere=float((share * outside).sum()),
        error=float(np.sqrt(own + (share**2 * np.where(alone, 0.0, spread)).sum())),
    )
