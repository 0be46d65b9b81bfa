"""One method's part of the report."""

from dataclasses import dataclass, field
from typing import Any, SupportsFloat

import numpy as np

from .subject import rounded

REPLICATES = 1000


@dataclass(frozen=True)
class Section:
    """What one method found; or, in `missing`, why it could not be had."""

    body: dict[str, Any] = field(default_factory=dict)
    """`global`, `examples`, `settings`."""
    faithfulness: dict[str, Any] = field(default_factory=dict)
    """Checks by name, each a measured number."""
    missing: str | None = None


def line(
    feature: str, value: SupportsFloat, low: SupportsFloat, high: SupportsFloat, n: int
) -> dict[str, Any]:
    """One column's worth over all rows."""
    return {"feature": feature, "value": rounded(value), "low": rounded(low), "high": rounded(high), "n": n}


def estimate(values: np.ndarray, seed: int) -> dict[str, Any]:
    """Mean over rows with its interval, as it stands in report.json."""
    mean, low, high = mean_with_interval(values, seed=seed)
    return {"value": rounded(mean), "low": rounded(low), "high": rounded(high), "n": len(values)}


def mean_with_interval(values: np.ndarray, *, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean over rows and its 95% percentile bootstrap interval.

    Args:
        values: `(rows,)` or `(rows, features)`.
        seed: of the bootstrap; rows are drawn as multinomial counts, so that one product does all replicates.

    Returns:
        mean, low, high: each without the first axis.
    """
    rows = len(values)
    counts = np.random.default_rng(seed).multinomial(rows, np.full(rows, 1 / rows), size=REPLICATES)
    low, high = np.quantile(counts @ values / rows, (0.025, 0.975), axis=0)
    return values.mean(axis=0), low, high


def checks(method: str, seed: int, **values: np.ndarray) -> dict[str, Any]:
    """Faithfulness checks of a method: name to the mean over rows."""
    return {f"{method}_{name}": estimate(found, seed) for name, found in values.items()}
