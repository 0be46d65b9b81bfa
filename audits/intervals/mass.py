"""How much each entry of a table counts: as one row, or as the many rows that it stands for."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Mass"]


@dataclass(frozen=True, kw_only=True)
class Mass:
    """Rows of each entry, the sum of their sample weights, and the sum of the squares of these.

    A statistic of rows is a sum of `weight * value`, its variance a sum of `squared * influence**2`. Rows
    that agree in every value can therefore be one entry, and no statistic changes. Without sample weights
    the three arrays are equal.
    """

    rows: np.ndarray
    """(n,)"""
    weight: np.ndarray
    """(n,)"""
    squared: np.ndarray
    """(n,)"""

    @classmethod
    def of(cls, weight: "np.ndarray | Mass | None", entries: int) -> "Mass":
        """Mass of single rows with these sample weights, or with none; a mass stays what it is."""
        if isinstance(weight, Mass):
            return weight
        ones = np.ones(entries)
        if weight is None:
            return cls(rows=ones, weight=ones, squared=ones)
        weight = np.asarray(weight, dtype=float)
        return cls(rows=ones, weight=weight, squared=weight**2)

    def __getitem__(self, index: np.ndarray) -> "Mass":
        """The mass of some entries."""
        return Mass(rows=self.rows[index], weight=self.weight[index], squared=self.squared[index])

    @property
    def root(self) -> np.ndarray:
        """(n,) what an entry's influence is scaled by, so that the sum of the squares is a variance."""
        return np.sqrt(self.squared)
