"""Values to codes, where the values become known only as the stream goes on."""

import numpy as np
import pyarrow as pa

from ...platform.data import bands
from ...platform.data.values import categories, is_number, numbers

__all__ = ["Bands", "Labels", "coder"]


class Labels:
    """Texts in the order in which they were seen; a missing one is None."""

    def __init__(self) -> None:
        self.seen: dict[str | None, int] = {}

    def codes(self, column: pa.ChunkedArray) -> np.ndarray:
        """(n,) int64 positions in `names`."""
        array = column.combine_chunks()
        if not pa.types.is_dictionary(array.type):
            array = array.dictionary_encode()
        texts = categories(pa.chunked_array([array.dictionary])).to_pylist()
        # The extra last place is that of nulls.
        lookup = np.array([self._code(text) for text in texts] + [-1])
        codes = lookup[array.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)]
        if (missing := codes < 0).any():
            codes[missing] = self._code(None)
        return codes

    def _code(self, text: str | None) -> int:
        return self.seen.setdefault(text, len(self.seen))

    @property
    def names(self) -> list[str | None]:
        """Every text so far, by code."""
        return list(self.seen)


class Bands:
    """A numeric column, cut at edges that the first rows gave."""

    def __init__(self, name: str, cuts: tuple[float, ...]) -> None:
        self._name, self._cuts = name, np.asarray(cuts)
        self.names: list[str | None] = [*bands.labels(cuts), None]

    def codes(self, column: pa.ChunkedArray) -> np.ndarray:
        """(n,) int64 positions in `names`."""
        values = numbers(column, self._name).to_numpy(zero_copy_only=False)
        return np.where(np.isnan(values), len(self.names) - 1, np.searchsorted(self._cuts, values, "right"))


def coder(name: str, first: pa.ChunkedArray) -> Labels | Bands:
    """Codes for a sensitive column: its values, or bands of many numbers."""
    cuts = bands.edges(first, name) if is_number(first.type) else ()
    return Bands(name, cuts) if cuts else Labels()
