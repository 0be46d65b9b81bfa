"""Rows put together from the columns of other rows, each different one asked of the model once.

Every column is coded: equal values, equal codes. A mixed row is a line of codes; a random 64-bit number for
each code, added up over the line, tells lines apart (Zobrist, 1970), so that equal ones are found by sorting
numbers. Two of a million different lines share a number with a chance of 3 in 10⁸.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from ..outputs import BATCH, batched

MOST_KNOWN = 1 << 21
"""Lines whose outputs are kept; then all are forgotten."""

__all__ = ["MixedTable", "MixedTokens", "Mixture"]


class Scores(Protocol):
    """A model that is asked for scores only."""

    def predict(self, table: pa.Table) -> np.ndarray:
        """Probabilities `(n, classes)`, or values `(n,)`."""
        ...


class Mixture(ABC):
    """Rows coded by column, and what a model says of any mixture of them.

    Attributes:
        codes: `(rows, columns)` int64, of the rows that it was made from.
        players: the first so many columns are mixed; others always stay with their row.
    """

    codes: np.ndarray
    players: int

    def outputs(self, codes: np.ndarray) -> np.ndarray:
        """What the model says of lines of codes `(n, columns)`: `(n, outputs)`."""
        if len(self._known) > MOST_KNOWN:
            self._forget()
        lines, first, back = np.unique(self._numbered(codes), return_index=True, return_inverse=True)
        place = np.searchsorted(self._known, lines)
        new = np.ones(len(lines), dtype=bool)
        if len(self._known):
            new = self._known[np.minimum(place, len(self._known) - 1)] != lines
        self.asked += len(codes)
        self.evaluated += int(new.sum())
        if new.any():
            said = self._evaluate(codes[first[new]])
            self._said = np.insert(self._said, place[new], said, axis=0) if len(self._known) else said
            self._known = np.insert(self._known, place[new], lines[new])
        return self._said[np.searchsorted(self._known, lines)][back]

    def _forget(self) -> None:
        self._known, self._said = np.empty(0, dtype=np.uint64), np.empty((0, 1))

    @abstractmethod
    def _evaluate(self, codes: np.ndarray) -> np.ndarray:
        """`outputs`, of lines that differ."""

    def _coded(self, columns: Sequence[np.ndarray]) -> None:
        """Take the codes of each column `(rows,)`."""
        self.codes = np.stack(columns, axis=1).astype(np.int64)
        self.asked = self.evaluated = 0
        self._forget()
        rng = np.random.default_rng(0)
        self._numbers = [
            rng.integers(0, 2**64, size=int(column.max(initial=0)) + 1, dtype=np.uint64) for column in columns
        ]

    def _numbered(self, codes: np.ndarray) -> np.ndarray:
        """The number of each line, `(n,)` uint64; sums wrap around."""
        total = np.zeros(len(codes), dtype=np.uint64)
        for place, numbers in enumerate(self._numbers):
            total += numbers[codes[:, place]]
        return total


class MixedTokens(Mixture):
    """Mixtures of tokens: right where each token depends on its own column alone.

    Args:
        module: has `tokens(*inputs)` -> `(rows, tokens, width)` and `from_tokens(tokens)` -> logits.
        inputs: what the network takes, of the rows to mix.
        token_columns: the column of each token; those of one column move together.
    """

    def __init__(self, module: Any, inputs: tuple[Tensor, ...], token_columns: Sequence[str]):
        self._module = module
        tokens = batched(module.tokens, *inputs)
        self._places = [
            [place for place, own in enumerate(token_columns) if own == name]
            for name in dict.fromkeys(token_columns)
        ]
        self.players, self._tokens, codes = len(self._places), [], []
        for places in self._places:
            values = tokens[:, places]
            _, first, back = np.unique(_bytes(values.numpy()), return_index=True, return_inverse=True)
            self._tokens.append(values[torch.from_numpy(first)])
            codes.append(back.reshape(-1))
        self._shape = tokens.shape[1:]
        self._coded(codes)

    def _evaluate(self, codes: np.ndarray) -> np.ndarray:
        return batched(self._of, torch.from_numpy(codes)).numpy()

    def _of(self, codes: Tensor) -> Tensor:
        tokens = torch.empty(len(codes), *self._shape)
        for column, (places, values) in enumerate(zip(self._places, self._tokens, strict=True)):
            own = values[codes[:, column]]
            if len(places) == 1:
                tokens[:, places[0]] = own[:, 0]
            else:
                tokens[:, places] = own
        return self._module.from_tokens(tokens)


class MixedTable(Mixture):
    """Mixtures of a table's columns, for any model.

    Args:
        scorer: the model.
        table: rows to mix.
        columns: columns that are mixed.
        held: columns that the model may read too and that stay with their row.
    """

    def __init__(self, scorer: Scores, table: pa.Table, columns: Sequence[str], held: Sequence[str] = ()):
        self._scorer, self.players = scorer, len(columns)
        self._names, self._types, self._values, codes = [*columns, *held], [], [], []
        for name in self._names:
            column = table[name].combine_chunks()
            self._types.append(column.type)
            plain = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
            coded = plain.dictionary_encode(null_encoding="encode")
            self._values.append(coded.dictionary)
            codes.append(coded.indices.to_numpy(zero_copy_only=False))
        self._coded(codes)

    def _evaluate(self, codes: np.ndarray) -> np.ndarray:
        parts = [self._of(codes[start : start + 64 * BATCH]) for start in range(0, len(codes), 64 * BATCH)]
        return np.concatenate(parts)

    def _of(self, codes: np.ndarray) -> np.ndarray:
        columns = {
            name: values.take(pa.array(codes[:, place])).cast(kind)
            for place, (name, values, kind) in enumerate(
                zip(self._names, self._values, self._types, strict=True)
            )
        }
        scores = self._scorer.predict(pa.table(columns))
        return scores[:, None] if scores.ndim == 1 else scores


def _bytes(values: np.ndarray) -> np.ndarray:
    """Each row as one opaque value, so that equal rows can be found by sorting, `(rows,)`."""
    flat = np.ascontiguousarray(values.reshape(len(values), -1))
    return flat.view(np.dtype((np.void, flat.dtype.itemsize * flat.shape[1])))[:, 0]
