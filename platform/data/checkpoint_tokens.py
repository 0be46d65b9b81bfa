"""Texts for a checkpoint: cut by the tokenizer that it was trained with, its `tokenizer.json`.

The file is data: `tokenizers` of Hugging Face builds its pipeline from a closed list of steps, and none of
them runs code that a file brings along.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from .values import categories

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["FILL", "CheckpointTokens"]

FILL = -1
"""What a line is filled up with: no vocabulary has it, and not every checkpoint has a token for it."""

_COUNTED = 2_000


@dataclass(frozen=True, kw_only=True)
class CheckpointTokens:
    """A checkpoint's tokenizer, and how the columns of a row become one line.

    A line is the columns' cells, empty ones left out, with a line break between them; the tokenizer puts its
    own marks around it. It is cut at `length`, marks kept, and filled up with `FILL`.

    Args:
        columns: texts that are read, in this order.
        length: codes of a line.
        pipeline: content of `tokenizer.json`.
        cut: share of the first `_COUNTED` train rows that were longer.
    """

    columns: tuple[str, ...]
    length: int
    pipeline: str
    cut: float

    def __post_init__(self) -> None:
        assert self._encoder is not None  # a pipeline that makes no sense is refused here, and not later

    @classmethod
    def fit(
        cls, table: pa.Table, columns: Sequence[str], *, pipeline: str, length: int
    ) -> "CheckpointTokens":
        """Learns nothing of the train rows but how many of them are cut.

        Raises:
            ValueError: the pipeline isn't one, or its marks alone fill a line.
        """
        fitted = cls(columns=tuple(columns), length=length, pipeline=pipeline, cut=0.0)
        lines = fitted._untrimmed.encode_batch_fast(fitted._texts(table.slice(0, _COUNTED)))
        return replace(fitted, cut=sum(len(line.ids) > length for line in lines) / max(1, len(lines)))

    def transform(self, table: pa.Table) -> np.ndarray:
        """Rows of a table -> `(rows, length)` int64 codes."""
        lines = np.full((len(table), self.length), FILL, dtype=np.int64)
        for row, line in enumerate(self._encoder.encode_batch_fast(self._texts(table))):
            lines[row, : len(line.ids)] = line.ids
        return lines

    def inputs(self) -> dict[str, Any]:
        """What `models.inputs` is made from."""
        return {
            "kind": "text",
            "vocabulary": self._encoder.get_vocab_size(with_added_tokens=True),
            "length": self.length,
            "columns": list(self.columns),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "CheckpointTokens":
        """Inverse of `dataclasses.asdict`, once written as JSON."""
        return cls(**{**data, "columns": tuple(data["columns"])})

    def _texts(self, table: pa.Table) -> list[str]:
        cells = zip(*(categories(table[name]).to_pylist() for name in self.columns), strict=True)
        return ["\n".join(cell for cell in row if cell is not None) for row in cells]

    @cached_property
    def _encoder(self) -> "Tokenizer":
        encoder = self._untrimmed
        encoder.enable_truncation(self.length)
        return encoder

    @property
    def _untrimmed(self) -> "Tokenizer":
        """The pipeline without what the file says of length: that is for `data.text.length` to say."""
        # With threads of its own it warns, on the terminal, whenever this process starts another.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        from tokenizers import Tokenizer

        try:
            encoder = Tokenizer.from_str(self.pipeline)
        except Exception as error:  # tokenizers raises bare exceptions
            raise ValueError(f"the tokenizer isn't one: {str(error)[:200]}") from error
        encoder.no_truncation()
        encoder.no_padding()
        return encoder
