"""A table of entries that count rows: it stops growing, because values are kept to as many bits as there is
room for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["BITS", "Condenser", "Entries", "leading_bits", "score_ranks"]

BITS = 12
_FEWEST_BITS = 5
_MOST_ENTRIES = 2_000_000
_SIGN = np.int64(0x7FFFFFFFFFFFFFFF)
_EXPONENT = 12  # bits of a float64's sign and exponent


def leading_bits(values: np.ndarray, bits: int) -> np.ndarray:
    """(n,) int64 in the order of the values, equal where sign, exponent and `bits` bits of the fraction are.

    Shifted right by one bit they are what `bits - 1` would have given.
    """
    pattern = np.ascontiguousarray(values, dtype=np.float64).view(np.int64)
    return (pattern ^ ((pattern >> 63) & _SIGN)) >> (52 - bits)


def score_ranks(scores: np.ndarray, bits: int) -> np.ndarray:
    """(n,) int64 in the order of scores in [0, 1]: leading bits of the score, above a half of 1 - score."""
    half, upper_half = leading_bits(np.array([0.5, -0.5]), bits)
    upper = leading_bits(-(1.0 - scores), bits) - upper_half + half + 1
    return np.where(scores <= 0.5, leading_bits(np.abs(scores), bits), upper)


@dataclass(frozen=True, kw_only=True)
class Entries:
    """Rows that agree in `kind` and `codes`, counted."""

    kind: np.ndarray
    """(n,) int64 what the rows share that is no number: groups, truth, decision."""
    codes: np.ndarray
    """(values, n) int64"""
    rows: np.ndarray
    """(n,) int64"""
    weight: np.ndarray
    """(n,)"""
    squared: np.ndarray
    """(n,)"""
    sums: np.ndarray
    """(values, n) sum over rows of each value."""

    def __len__(self) -> int:
        return len(self.kind)

    @classmethod
    def join(cls, parts: Sequence["Entries"]) -> "Entries":
        """All entries of the parts, not yet merged."""
        names = cls.__dataclass_fields__
        return cls(**{name: np.concatenate([getattr(p, name) for p in parts], axis=-1) for name in names})

    def merged(self, bits: int) -> "Entries":
        """Entries that agree become one."""
        key = self.kind
        for codes in self.codes:
            key = (key << (_EXPONENT + bits)) + (codes - codes.min())
        order = np.argsort(key, kind="stable")
        starts = np.flatnonzero(np.diff(key[order], prepend=-1))

        def added(of: np.ndarray) -> np.ndarray:
            return np.add.reduceat(of[..., order], starts, axis=-1)

        return Entries(
            kind=self.kind[order][starts],
            codes=self.codes[:, order][:, starts],
            rows=added(self.rows),
            weight=added(self.weight),
            squared=added(self.squared),
            sums=added(self.sums),
        )

    def coarser(self) -> "Entries":
        """The same with one bit less of each value."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return Entries(**fields | {"codes": self.codes >> 1})


class Condenser:
    """Entries of all rows so far; where they become too many, one more bit of the values is given up."""

    def __init__(self, *, most: int = _MOST_ENTRIES, bits: int = BITS) -> None:
        self.bits = self._first = bits
        self._most = most
        self._parts: list[Entries] = []
        self._held = 0

    def add(self, entries: Entries) -> None:
        """Add rows whose codes have the first number of bits."""
        part = Entries.merged(self._shifted(entries), self.bits)
        self._parts.append(part)
        self._held += len(part)
        if self._held > 2 * self._most:
            self._settle()

    def entries(self) -> Entries:
        """Everything, merged."""
        self._settle()
        return self._parts[0]

    def _shifted(self, entries: Entries) -> Entries:
        for _ in range(self._first - self.bits):
            entries = entries.coarser()
        return entries

    def _settle(self) -> None:
        whole = Entries.join(self._parts).merged(self.bits)
        while len(whole) > self._most and self.bits > _FEWEST_BITS and len(whole.codes):
            self.bits -= 1
            whole = whole.coarser().merged(self.bits)
        self._parts, self._held = [whole], len(whole)
