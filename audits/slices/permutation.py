"""How large the largest z is by chance alone.

Max-T: Westfall & Young, "Resampling-based multiple testing" (1993). Exact p-values of a Monte Carlo test:
Phipson & Smyth, "Permutation P-values should never be zero" (2010), https://doi.org/10.2202/1544-6115.1585
"""

import numpy as np

__all__ = ["adjusted_p", "critical", "draw"]


def draw(residual: np.ndarray, strata: np.ndarray, permutations: int, seed: int) -> np.ndarray:
    """(n, 1 + permutations): the residual itself, then permutations of it within strata."""
    generator = np.random.default_rng(seed)
    drawn = np.empty((len(residual), 1 + permutations), residual.dtype)
    drawn[:, 0] = residual
    for stratum in range(strata.max() + 1):
        rows = np.flatnonzero(strata == stratum)
        held = np.tile(residual[rows], (permutations, 1))
        drawn[rows, 1:] = generator.permuted(held, axis=1, out=held).T
    return drawn


def adjusted_p(z: float, largest: np.ndarray, searches: int) -> float:
    """Family-wise p of a slice: (b + 1) / (m + 1), where b of m permutations have as large a maximum.

    Args:
        z: of the slice.
        largest: (m,) largest z of each permutation, over everything that its search looked at.
        searches: searches of the same data, for which p is multiplied (Bonferroni).
    """
    return min(1.0, searches * (1 + int((largest >= z).sum())) / (1 + len(largest)))


def critical(largest: np.ndarray, alpha: float, searches: int) -> float:
    """The z that a slice must exceed for an adjusted p of at most `alpha`; infinite with too few draws."""
    allowed = int(np.floor(alpha / searches * (1 + len(largest)) + 1e-9)) - 1
    return float(np.sort(largest)[::-1][allowed]) if allowed >= 0 else float("inf")
