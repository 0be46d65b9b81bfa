"""Numbers for a network: mid-rank quantile scaling to a normal, and bin edges for piecewise-linear encoding.

Gorishniy, Rubachev and Babenko, "On embeddings for numerical features in tabular deep learning" (2022),
https://arxiv.org/abs/2203.05556: section 3.2 (quantile bins); their code adds noise before the quantile
transform, which keeps tied values off the ends of the normal. The middle rank of the tied values does so
without random numbers: the zeros of a zero-inflated column go to the middle of their share, not to -5.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

KNOTS = 1000
BINS = 32

_MASS = 2 / BINS
"""A single value with this share of the rows swallows whole quantile bins: it gets a bin of its own."""


@dataclass(frozen=True, kw_only=True)
class NumericFeature:
    """One number that a network is given.

    Args:
        name: the feature's own name, such as `hired (month)`.
        column: the source's column.
        part: `value`, `missing`, or the part of a date: `day`, `month`, `weekday`.
        median: stands in for a missing value.
        knots: rising values, of the train rows or declared; between them the scaled value is interpolated.
        scores: the scaled value at each knot.
        edges: bin edges in the scaled space, strictly rising, at least two.
    """

    name: str
    column: str
    part: str
    median: float
    knots: tuple[float, ...]
    scores: tuple[float, ...]
    edges: tuple[float, ...]

    def transform(self, values: np.ndarray) -> np.ndarray:
        """`(rows,)` float64, NaN where missing -> `(rows,)` float32, scaled; constant beyond the knots."""
        filled = np.where(np.isnan(values), self.median, values)
        return np.interp(filled, self.knots, self.scores).astype(np.float32)


def fit(name: str, column: str, part: str, values: np.ndarray) -> NumericFeature:
    """Fits scaling and bins of one feature.

    Args:
        values: `(rows,)` float64 of the train rows, NaN where missing.
    """
    known = np.sort(values[~np.isnan(values)])
    known = known if len(known) else np.zeros(1)
    distinct, counts = np.unique(known, return_counts=True)
    middle = (np.cumsum(counts) - counts / 2) / len(known)  # middle rank of each value, in (0, 1)
    kept = _knot_positions(distinct, counts, middle)
    knots = distinct[kept]
    scores = ndtri(middle[kept])
    # One value only in train: any other value says something, but not how much.
    if len(knots) == 1:
        knots, scores = np.array([knots[0], knots[0] + 1]), np.array([0.0, 1.0])
    edges = np.interp(edges_of(distinct, counts), knots, scores).astype(np.float32)
    edges = np.unique(edges) if len(np.unique(edges)) > 1 else np.array([0.0, 1.0])
    return NumericFeature(
        name=name,
        column=column,
        part=part,
        median=float(np.median(known)),
        knots=tuple(knots.tolist()),
        scores=tuple(scores.tolist()),
        edges=tuple(edges.tolist()),
    )


def declare(name: str, column: str, part: str, edges: Sequence[float], *, bins: int = BINS) -> NumericFeature:
    """Scaling and bins of one feature from edges that are known beforehand: bins become equally wide.

    Args:
        edges: rising, in the feature's own unit; two are a range, which is cut into `bins` equal bins.
    """
    knots = np.linspace(edges[0], edges[-1], bins + 1) if len(edges) == 2 else np.asarray(edges, dtype=float)
    # Deviation 1 if all bins were equally frequent.
    scores = np.linspace(-(3**0.5), 3**0.5, len(knots)).astype(np.float32)
    return NumericFeature(
        name=name,
        column=column,
        part=part,
        median=float(np.interp(0.0, scores, knots)),
        knots=tuple(knots.tolist()),
        scores=tuple(scores.tolist()),
        edges=tuple(scores.tolist()),
    )


def _knot_positions(distinct: np.ndarray, counts: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """About `KNOTS` of the distinct values, evenly spaced in rank; masses and their neighbours always."""
    if len(distinct) <= KNOTS:
        return np.arange(len(distinct))
    even = np.searchsorted(middle, np.linspace(0, 1, KNOTS)).clip(0, len(distinct) - 1)
    return np.unique(np.concatenate([even, [0, len(distinct) - 1], _around_masses(counts)]))


def _around_masses(counts: np.ndarray) -> np.ndarray:
    """Positions of the values with a large share of the rows, and of their neighbours."""
    mass = np.flatnonzero(counts >= _MASS * counts.sum())
    return np.unique(np.concatenate([mass - 1, mass, mass + 1])).clip(0, len(counts) - 1)


def edges_of(distinct: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Bin edges: quantiles of the rows outside mass points; a mass point is fenced off by its neighbours.

    Args:
        distinct: `(values,)` rising values of the train rows.
        counts: `(values,)` rows of each.

    Returns:
        Rising edges, `BINS + 1` of them or, for few distinct values, all of these.
    """
    if len(distinct) <= BINS + 1:
        return distinct
    fence = _around_masses(counts) if (counts >= _MASS * counts.sum()).any() else np.zeros(0, dtype=int)
    spread = np.where(counts >= _MASS * counts.sum(), 0, counts)
    levels = np.linspace(0, 1, max(2, BINS + 1 - len(fence)))
    at = np.searchsorted(np.cumsum(spread), levels * spread.sum()).clip(0, len(distinct) - 1)
    return distinct[np.unique(np.concatenate([at, fence, [0, len(distinct) - 1]]))]
