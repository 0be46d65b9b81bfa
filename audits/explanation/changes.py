"""Which values a column may be changed to, and how far a change is.

Only values that train rows hold are offered, so that every changed row stays within what was observed, column
by column. A number moves by the share of train rows between the two values (0 to 1, whatever its unit, and
not stretched by outliers); any change of a category is 1.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from ...platform.data.compute import pc

__all__ = ["Choices", "choices"]

QUANTILES = 16
CATEGORIES = 16


@dataclass(frozen=True)
class Choices:
    """What one column may become."""

    name: str
    values: tuple[Any, ...]
    """Values to try first."""
    ordered: tuple[Any, ...]
    """Every observed value in its order; empty for categories."""
    counts: np.ndarray
    """How many train rows hold each of `ordered`, summed up from the least, from 0: one longer than it."""

    def distance(self, before: Any, after: Any) -> float:
        """Share of train rows passed by on the way, or 1 for a category; 0 where nothing changes."""
        if before == after:
            return 0.0
        if not self.ordered or before is None or after is None:
            return 1.0
        low, high = sorted((before, after))
        first = np.searchsorted(np.asarray(self.ordered), low, side="right")
        last = np.searchsorted(np.asarray(self.ordered), high, side="left")
        passed = self.counts[last] - self.counts[first]
        # Neighbouring values have nobody between them: half of those who hold either.
        return float((passed + 1) / (self.counts[-1] + 1))

    def between(self, before: Any, after: Any, most: int) -> list[Any]:
        """Observed numbers from `before` towards `after`, the nearest first; `after` isn't among them."""
        if not self.ordered or before is None or after is None:
            return []
        low, high = sorted((before, after))
        inside = [value for value in self.ordered if low < value < high]
        inside = inside if after >= before else inside[::-1]
        return (
            [inside[i] for i in np.unique(np.linspace(0, len(inside) - 1, most).round().astype(int))]
            if inside
            else []
        )


def choices(column: pa.ChunkedArray, name: str, kind: str) -> Choices:
    """From the values of train rows: quantiles of numbers and dates, the most frequent categories."""
    held = column.combine_chunks()
    plain = held.dictionary_decode() if pa.types.is_dictionary(held.type) else held
    counted = pc.value_counts(plain.drop_null()).to_pylist()
    counted = [entry for entry in counted if entry["values"] == entry["values"]]  # NaN is no value
    if kind not in ("numeric", "date"):
        counted.sort(key=lambda entry: (-entry["counts"], str(entry["values"])))
        return Choices(name, tuple(entry["values"] for entry in counted[:CATEGORIES]), (), np.zeros(1))
    counted.sort(key=lambda entry: entry["values"])
    ordered = tuple(entry["values"] for entry in counted)
    total = np.cumsum([0, *(entry["counts"] for entry in counted)])
    if len(ordered) <= QUANTILES:
        return Choices(name, ordered, ordered, total)
    at = np.searchsorted(total[1:], np.linspace(0, 1, QUANTILES) * total[-1], side="left")
    picked = np.unique(np.clip(at, 0, len(ordered) - 1))
    return Choices(name, tuple(ordered[i] for i in picked), ordered, total)
