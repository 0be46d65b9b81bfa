"""How long each update is, and where it points: what `audits/clients/outliers.py` looks for outliers in."""

from typing import Any

import numpy as np

from .course import Round
from .updates import Updates

__all__ = ["Outliers"]

_SMALLEST = float(np.finfo(np.float64).tiny)


class Outliers:
    """Watch rounds, and write down two numbers of each update; no client is left out for them."""

    name = "outliers"

    def round(self, seen: Round) -> dict[str, Any]:
        """`clients` whose answers counted, the `norm` of each update and its `cosine` to their median.

        The median is taken number by number, so that few clients can't turn it. An update of nothing has
        cosine 0.
        """
        rows = Updates.of(seen).rows
        middle = np.median(rows, axis=0)
        norms = np.linalg.norm(rows, axis=1)
        cosines = rows @ middle / np.maximum(norms * np.linalg.norm(middle), _SMALLEST)
        return {
            "round": seen.number,
            "clients": list(seen.answers),
            "norm": norms.tolist(),
            "cosine": np.clip(cosines, -1.0, 1.0).tolist(),
        }
