"""Correlation removal: take out of each feature what a linear fit on the sensitive columns explains.

The idea of Fairlearn's `CorrelationRemover`. Categories become indicators first, so every feature of the
network is a number afterwards. What is left has no linear correlation with the groups on the train rows;
anything that isn't linear stays, and so does what the labels say of the groups.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .numeric import edges_of


@dataclass(frozen=True, kw_only=True)
class Decorrelation:
    """A fitted removal.

    Attributes:
        over: sensitive columns.
        levels: of each column, the values that train had; the first is what the others are compared with.
        means: of each column and each of its levels but the first, the share of train rows.
        coefficients: of each feature, least-squares slopes in the order of `means`.
        cardinalities: of the categorical features, which become an indicator of each code.
        edges: of each feature, bin edges of what is left of it.
        strength: share of the fit that is taken out; 1 is all.
    """

    over: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    means: tuple[float, ...]
    coefficients: tuple[tuple[float, ...], ...]
    cardinalities: tuple[int, ...]
    edges: tuple[tuple[float, ...], ...]
    strength: float

    @classmethod
    def fit(
        cls,
        numeric: np.ndarray,
        codes: np.ndarray,
        groups: Mapping[str, np.ndarray],
        *,
        cardinalities: Sequence[int],
        strength: float = 1.0,
    ) -> "Decorrelation":
        """Fit on the train rows; arguments as of `transform`."""
        levels = tuple(tuple(np.unique(values).tolist()) for values in groups.values())
        indicators = _indicators(groups, levels)
        means = indicators.mean(axis=0)
        features = _features(numeric, codes, cardinalities)
        slopes, *_ = np.linalg.lstsq(indicators - means, features, rcond=None)
        left = (features - strength * (indicators - means) @ slopes).astype(np.float32)
        return cls(
            over=tuple(groups),
            levels=levels,
            means=tuple(means.tolist()),
            coefficients=tuple(map(tuple, slopes.T.tolist())),
            cardinalities=tuple(cardinalities),
            edges=tuple(_edges(column) for column in left.T),
            strength=strength,
        )

    def transform(
        self, numeric: np.ndarray, codes: np.ndarray, groups: Mapping[str, np.ndarray]
    ) -> np.ndarray:
        """Features without what the groups explain.

        Args:
            numeric: `(rows, numeric)` scaled.
            codes: `(rows, categorical)`.
            groups: of each column of `over`, `(rows,)` strings. A value that train didn't have counts as the
                average person of that column: nothing is taken out.

        Returns:
            `(rows, features)` float32.
        """
        deviations = _indicators(groups, self.levels) - np.asarray(self.means)
        known = [np.isin(groups[name], seen) for name, seen in zip(self.over, self.levels, strict=True)]
        counted = np.repeat(np.stack(known, axis=1), [len(seen) - 1 for seen in self.levels], axis=1)
        explained = (deviations * counted) @ np.asarray(self.coefficients).T
        features = _features(numeric, codes, self.cardinalities)
        return (features - self.strength * explained).astype(np.float32)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Decorrelation":
        """From plain JSON values."""
        nested = {key: tuple(map(tuple, data[key])) for key in ("levels", "coefficients", "edges")}
        flat = {key: tuple(data[key]) for key in ("over", "means", "cardinalities")}
        return cls(**{**data, **nested, **flat})


def _indicators(groups: Mapping[str, np.ndarray], levels: Sequence[Sequence[str]]) -> np.ndarray:
    """`(rows, indicators)`: one for each level of each column but the first, which the others imply."""
    columns = [
        (values == level).astype(float)
        for values, seen in zip(groups.values(), levels, strict=True)
        for level in seen[1:]
    ]
    rows = len(next(iter(groups.values())))
    return np.stack(columns, axis=1) if columns else np.empty((rows, 0))


def _features(numeric: np.ndarray, codes: np.ndarray, cardinalities: Sequence[int]) -> np.ndarray:
    """`(rows, features)` float64: the numbers, then an indicator of each code of each category."""
    indicators = [codes[:, [place]] == np.arange(size) for place, size in enumerate(cardinalities)]
    return np.concatenate([numeric, *indicators], axis=1).astype(np.float64)


def _edges(left: np.ndarray) -> tuple[float, ...]:
    """Strictly rising bin edges of one feature, at least two."""
    distinct, counts = np.unique(left, return_counts=True)
    edges = np.unique(edges_of(distinct, counts).astype(np.float32))
    return tuple(edges.tolist()) if len(edges) > 1 else (float(edges[0]), float(edges[0]) + 1.0)
