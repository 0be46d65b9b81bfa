"""Does an explanation stay what it is when the row changes by a hair?

Alvarez-Melis & Jaakkola, "On the Robustness of Interpretability Methods" (2018),
https://arxiv.org/abs/1806.08049. Noise is a share of each column's spread; what a person would call the same
row should be explained the same way. An explanation may also change because the model does: then the model is
what is unstable there.
"""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import pyarrow as pa

from .randomization import spearman

NOISE = 0.02
"""Standard deviation of the noise, as a share of the column's own."""

DRAWS = 2

Rows = TypeVar("Rows")


def stability(
    explain: Callable[[Rows], np.ndarray], disturb: Callable[[np.random.Generator], Rows], seed: int,
    explanation: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """How alike, and how far, explanations of disturbed rows are.

    Args:
        explain: shares `(rows, parts)` of some rows, towards the same class as before.
        disturb: the same rows with noise.
        seed: of the noise.
        explanation: shares `(rows, parts)` of the rows as they are.

    Returns:
        Spearman's correlation of strengths, averaged over draws, and the largest |φ' - φ| / |φ| of the draws
        (Euclidean), `(rows,)` each; rows without any share change by 0.
    """
    others = [explain(disturb(np.random.default_rng((seed, draw)))) for draw in range(DRAWS)]
    alike = [spearman(np.abs(explanation), np.abs(other)) for other in others]
    size = np.linalg.norm(explanation, axis=1)
    moved = np.max([np.linalg.norm(other - explanation, axis=1) for other in others], axis=0)
    return np.mean(alike, axis=0), np.divide(moved, size, out=np.zeros_like(moved), where=size > 0)


def disturbed(
    table: pa.Table, spread: dict[str, float], rng: np.random.Generator, noise: float = NOISE
) -> pa.Table:
    """The table with noise on its numbers; whole numbers stay whole, what is missing stays missing.

    Args:
        spread: standard deviation of each column that gets noise.
    """
    for name, deviation in spread.items():
        place, column = table.column_names.index(name), table[name].combine_chunks()
        change = rng.normal(scale=noise * deviation, size=len(column))
        if pa.types.is_integer(column.type):
            change = change.round()
        values = np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), float)
        moved = pa.array(values + change, mask=np.isnan(values)).cast(column.type, safe=False)
        table = table.set_column(place, table.field(place), moved)
    return table
