"""How scores are spread: which people a model is sure of, and on which side.

A difference between groups says nothing of right or wrong: where base rates differ, honest scores differ.
Beside calibration it tells where a group's scores lie, and so whom a threshold would move.
"""

import numpy as np

from ..intervals import Mass

__all__ = ["QUANTILES", "distribution"]

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_BARS = 10


def distribution(score: np.ndarray, mass: Mass) -> dict:
    """Quantiles of the scores, and the share of rows in each tenth of [0, 1].

    Args:
        score: (n,) in [0, 1].
        mass: of each entry; its weight counts.

    Returns:
        `quantiles` from "0.05" to "0.95", each the least score that so much of the weight doesn't exceed, and
        `shares`, ten numbers that sum to 1.
    """
    order = np.argsort(score, kind="stable")
    reached = np.cumsum(mass.weight[order])
    # A hair less, so that a share which rounding lifts above a step still ends on it.
    places = np.searchsorted(reached, np.asarray(QUANTILES) * reached[-1] * (1 - 1e-12))
    shares, _ = np.histogram(score, bins=_BARS, range=(0.0, 1.0), weights=mass.weight)
    return {
        "quantiles": {f"{q:g}": float(score[order[at]]) for q, at in zip(QUANTILES, places, strict=True)},
        "shares": [float(share) for share in shares / reached[-1]],
    }
