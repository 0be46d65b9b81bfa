"""Every slice of one and two columns, and of three where two stand out, for many residuals at once.

Sums over slices are products of 0/1 indicators with whole numbers below 2^24, exact in float32: the search of
the data and of a hundred permutations is the same arithmetic, done together, and the same on every machine.

    N rows · P bins of all columns · M residuals (the data's own first) · H strata

Level-wise search with a beam. SliceLine (Sagadeeva & Boehm, 2021, https://doi.org/10.1145/3448016.3457323)
and Slice Finder (Chung et al., 2019, https://doi.org/10.1109/ICDE.2019.00139) prune by bounds and by order;
here the beam is repeated in every permutation: what it overlooks, it overlooks under the null too.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .columns import Columns

__all__ = ["Scan", "Space", "Strata", "scan"]

MOST_ROWS = 2**24 // 127
"""Beyond, a sum of whole residuals might not be exact in float32."""

_KEPT = 50  # candidates of the data's own search that are handed back


class Space:
    """Indicators of all bins, and which rows are in each."""

    def __init__(self, columns: Columns) -> None:
        sizes = [len(labels) for labels in columns.labels]
        assert len(columns.codes) <= MOST_ROWS
        self.owner = np.repeat(np.arange(len(sizes)), sizes)
        """(P,) column of each bin."""
        self.first = np.searchsorted(self.owner, np.arange(len(sizes) + 1))
        """(C + 1,) first bin of each column."""
        # (C, N): the bin of each row among all P
        self.codes = np.ascontiguousarray(columns.codes.T + self.first[:-1, None], np.int32)

    @cached_property
    def indicators(self) -> np.ndarray:
        """(N, P) float32."""
        found = np.zeros((self.codes.shape[1], len(self.owner)), np.float32)
        np.put_along_axis(found, self.codes.T, 1.0, axis=1)
        return found

    @cached_property
    def members(self) -> list[np.ndarray]:
        """Rows of each bin."""
        return [np.flatnonzero(self.codes[column] == place) for place, column in enumerate(self.owner)]

    def rows(self, places: tuple[int, ...]) -> np.ndarray:
        """Rows of the slice that is the conjunction of these bins."""
        found = self.members[places[0]]
        for place in places[1:]:
            found = found.compress(self.codes[self.owner[place]].take(found) == place)
        return found


class Strata:
    """Turns sums over slices into z: their permutation mean is taken off, their exact deviation divides."""

    def __init__(self, strata: np.ndarray, residual: np.ndarray, minimum: int, signed: bool) -> None:
        self.rows = np.bincount(strata)  # (H,)
        self.mean = np.bincount(strata, residual) / self.rows
        spread = np.bincount(strata, (residual - self.mean[strata]) ** 2)
        self.variance = spread / (self.rows * np.maximum(self.rows - 1, 1))  # times n (N - n): of a sum
        self.minimum, self.signed = minimum, signed
        self.indicators = np.zeros((len(strata), len(self.rows)), np.float32)
        self.indicators[np.arange(len(strata)), strata] = 1.0

    def z(self, sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """(slices, M) float32 z of (slices, M) sums; minus infinity where a slice or its rest is too small.

        Args:
            sums: of residuals.
            counts: (slices, H) rows of each slice by stratum.
        """
        held, n = counts.astype(float), counts.sum(axis=1)
        mean, variance = np.zeros(len(held)), np.zeros(len(held))
        for stratum, rows in enumerate(self.rows):
            mean += held[:, stratum] * self.mean[stratum]
            variance += held[:, stratum] * (rows - held[:, stratum]) * self.variance[stratum]
        usable = (n >= self.minimum) & (self.rows.sum() - n >= self.minimum) & (variance > 0)
        found = (sums - mean[:, None]) / np.sqrt(np.where(usable, variance, 1.0))[:, None]
        found = np.abs(found) if self.signed else found
        found[~usable] = -np.inf
        return found.astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What one search found."""

    largest: np.ndarray
    """(M,) largest z of each residual over all slices that its search looked at."""
    candidates: list[tuple[float, tuple[int, ...]]]
    """The data's own highest z with their bins, the highest first."""
    looked_at: tuple[int, ...]
    """Slices of one, two and three columns that the data's own search looked at."""


def scan(space: Space, strata: Strata, drawn: np.ndarray, *, depth: int, beam: int) -> Scan:
    """Search slices for every residual.

    Args:
        strata: of the rows, fitted to the data's own residual.
        drawn: (N, M) float32 whole residuals; each column is searched on its own.
        depth: columns that a slice may have, 1 to 3.
        beam: slices of two columns that are extended by a third, the best by z of each residual.
    """
    weights = np.hstack([strata.indicators, drawn])
    singles = _z(strata, space.indicators.T @ weights)
    levels = [
        _Level(singles.max(axis=0, initial=-np.inf), singles[:, 0], np.arange(len(space.owner))[:, None])
    ]
    if depth > 1:
        z, places = _pairs(space, strata, weights)
        levels.append(_Level(z.max(axis=0, initial=-np.inf), z[:, 0], places))
        if depth > 2:
            levels.append(_triples(space, strata, weights, z, places, beam))
    return Scan(
        largest=np.max([level.largest for level in levels], axis=0),
        candidates=_highest(levels),
        looked_at=tuple(int(np.isfinite(level.own).sum()) for level in levels),
    )


@dataclass(frozen=True)
class _Level:
    """Slices of so many columns."""

    largest: np.ndarray
    """(M,)"""
    own: np.ndarray
    """(slices,) z of the data's own residual."""
    places: np.ndarray
    """(slices, columns) bins."""


def _z(strata: Strata, sums: np.ndarray) -> np.ndarray:
    """(slices, M) of (slices, H + M) sums of weights."""
    width = len(strata.rows)
    return strata.z(sums[:, width:], sums[:, :width])


def _pairs(space: Space, strata: Strata, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """z and bins of all slices of two columns: a bin's rows, times the indicators of later columns."""
    found, places = [], []
    for place, column in enumerate(space.owner):
        rows, start = space.members[place], space.first[column + 1]
        later = np.arange(start, len(space.owner))
        if len(rows) < strata.minimum or not len(later):
            continue
        sums = space.indicators.take(rows, axis=0)[:, start:].T @ weights.take(rows, axis=0)
        found.append(_z(strata, sums))
        places.append(np.stack([np.full(len(later), place), later], axis=1))
    if not found:
        return np.empty((0, weights.shape[1] - len(strata.rows)), np.float32), np.empty((0, 2), int)
    return np.concatenate(found), np.concatenate(places)


def _triples(
    space: Space, strata: Strata, weights: np.ndarray, z: np.ndarray, pairs: np.ndarray, beam: int
) -> _Level:
    """Every third bin added to the best pairs of each residual; a pair that many chose is extended once."""
    width = len(strata.rows)
    largest = np.full(z.shape[1], -np.inf, np.float32)
    own, places = [np.empty(0, np.float32)], [np.empty((0, 3), int)]
    weights_of, chosen = np.ascontiguousarray(weights.T), np.isfinite(z)
    if len(z) > beam:
        # The beam-th highest of each residual; ties are all kept.
        chosen &= z >= -np.partition(-z, beam - 1, axis=0)[beam - 1]
    for place in np.flatnonzero(chosen.any(axis=1)):
        rows, residual = space.rows(tuple(pairs[place])), np.flatnonzero(chosen[place])
        held = weights_of[np.ix_(np.concatenate([np.arange(width), width + residual]), rows)]
        third = _z(strata, (held @ space.indicators.take(rows, axis=0)).T)
        third[np.isin(space.owner, space.owner[pairs[place]])] = -np.inf
        largest[residual] = np.maximum(largest[residual], third.max(axis=0))
        if chosen[place, 0]:
            fine = np.flatnonzero(np.isfinite(third[:, 0]))
            own.append(third[fine, 0])
            places.append(np.column_stack([np.tile(pairs[place], (len(fine), 1)), fine]))
    # The same three bins are reached from up to three pairs.
    bins, first = np.unique(np.sort(np.concatenate(places), axis=1), axis=0, return_index=True)
    return _Level(largest, np.concatenate(own)[first], bins)


def _highest(levels: list[_Level]) -> list[tuple[float, tuple[int, ...]]]:
    """The best by z over all levels; of equals the shorter slice, then the earlier one."""
    found = []
    for level in levels:
        order = np.argsort(-level.own, kind="stable")[:_KEPT]
        found += [
            (float(level.own[i]), tuple(int(p) for p in level.places[i]))
            for i in order
            if np.isfinite(level.own[i])
        ]
    return sorted(found, key=lambda one: (-one[0], len(one[1]), one[1]))[:_KEPT]
