"""How long each update is, and where it points: what `audits/clients/outliers.py` looks for outliers in."""

from typing import Any

import numpy as np

from .course import Round
from .updates import Updates

__all__ = ["Outliers", "scores_of"]

_SMALLEST = float(np.finfo(np.float64).tiny)


def scores_of(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each update's norm, and its cosine to the median of all: two vectors `(clients,)`.

    The median is taken number by number, so that few clients can't turn it. An update of nothing has
    cosine 0.

    Args:
        rows: `(clients, weights)` updates.
    """
    middle = np.median(rows, axis=0)
    norms = np.linalg.norm(rows, axis=1)
    cosines = rows @ middle / np.maximum(norms * np.linalg.norm(middle), _SMALLEST)
    return norms, np.clip(cosines, -1.0, 1.0)


class Outliers:
    """Watch rounds, and write down two numbers of each update; no client is left out for them."""

    name = "outliers"

    def round(self, seen: Round) -> dict[str, Any]:
        """`clients` whose answers counted, with `norm` and `cosine` of each one's update."""
        norms, cosines = scores_of(Updates.of(seen).rows)
        clients = list(seen.answers)
        return {
            "round": seen.number,
            "clients": clients,
            "norm": norms.tolist(),
            "cosine": cosines.tolist(),
        }
