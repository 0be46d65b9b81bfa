"""Which two groups are furthest apart, and would they still be in another sample?"""

import numpy as np

from ..config import FairnessConfig
from ..findings import Findings
from .bootstrap import replicates
from .counts import Cells
from .gaps import DIFFERENCES
from .rates import rate
from .table import Sizes

__all__ = ["add_stability"]

_NUMBERS_AT_ONCE = 10_000_000  # with more than 2,500 groups there are fewer than 1,000 resamples


def add_stability(differences: Findings, cells: Cells, sizes: Sizes, config: FairnessConfig) -> None:
    """Beside each gap of one rate, the share of bootstrap resamples with the same two groups furthest apart.

    Only for two classes and rows without weights, where resampling rows is resampling cells.

    Args:
        differences: gaps, each with its `between`; `stability` is added to them.
        cells: of all groups.
        sizes: of all groups; the small ones take no part.
        config: replicates and seed.
    """
    kept = np.flatnonzero(sizes.large)
    if cells.weight.shape[-1] != 2 or cells.squared is not cells.weight or len(kept) < 2:
        return
    draws = min(config.replicates, max(1, _NUMBERS_AT_ONCE // max(1, 4 * len(kept))))
    resampled = replicates(cells[kept], draws=draws, seed=config.seed).confusion()
    for name, found in differences.values.items():
        rates = DIFFERENCES[name].rates if name in DIFFERENCES else ()
        if len(rates) != 1:
            continue
        drawn = rate(resampled, rates[0])
        first, last = (sizes.names.index(group) for group in found["between"])
        # A group that a resample leaves without a row in the denominator has no rate there.
        highest = kept[np.where(np.isnan(drawn), -np.inf, drawn).argmax(axis=1)]
        lowest = kept[np.where(np.isnan(drawn), np.inf, drawn).argmin(axis=1)]
        found["stability"] = float(np.mean((highest == first) & (lowest == last)))
