"""Many findings at once: p-values that hold for all of them together.

Holm, "A simple sequentially rejective multiple test procedure" (1979), Scandinavian Journal of Statistics
6(2).
"""

import numpy as np

__all__ = ["holm"]


def holm(p_values: np.ndarray) -> np.ndarray:
    """Holm's adjusted p-values: flag those up to alpha, and any false flag has a chance of at most alpha.

    It holds however the tests depend on each other, and flags whatever Bonferroni flags. It doesn't say how
    large a finding is, and with thousands of dependent tests (slices) a permutation max-T finds more.

    Args:
        p_values: (tests,) in [0, 1]; NaN where a test could not be made.

    Returns:
        (tests,) adjusted p-values in [0, 1], in the order given; NaN stays NaN and counts as no test.
    """
    p_values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p_values)  # NaN last
    order = order[: np.count_nonzero(~np.isnan(p_values))]
    # The smallest of m is held against alpha / m, the next against alpha / (m - 1), until one misses.
    stepped = p_values[order] * np.arange(order.size, 0, -1)
    adjusted = np.full(p_values.shape, np.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    return adjusted
