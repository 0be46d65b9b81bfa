"""Texts for a network: codes of tokens, from a vocabulary that is learned on the train rows.

`bpe` merges the most frequent pair of neighbours again and again, from single bytes up, so that all texts can
be written: Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units" (2016), section 3,
https://arxiv.org/abs/1508.07909; on bytes: Radford et al. (2019), section 2.2. `words` has a code for each of
the most frequent words, and one for all others; `characters` does so with single characters, spaces too. All
are learned and applied by `tokenizers` of Hugging Face, built anew from vocabulary and merges: no pipeline is
ever read from a file.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from ...models.inputs import END, MISSING, PAD, SPECIAL_TOKENS, START, UNKNOWN
from ..exceptions import DataError
from .text_config import TextConfig
from .values import categories

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["WORD", "Tokens", "texts_of"]

_COUNTED = 2_000

_TOKENIZERS = ("bpe", "words", "characters")


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """A fitted vocabulary, and how the columns of a row become one line.

    A line is [CLS], then for each column its tokens, or [MISSING] where a cell is empty, and [SEP]; it is cut
    at `length` and filled up with [PAD].

    Args:
        columns: texts that are read, in this order.
        tokenizer: `bpe`, `words` or `characters`.
        lowercase: whether case is lost.
        length: codes of a line.
        vocabulary: the spelling of each code; the first are those of `SPECIAL_TOKENS`.
        merges: of `bpe`: pairs in the order in which they are merged.
        cut: share of the first `_COUNTED` train rows that were longer.
    """

    columns: tuple[str, ...]
    tokenizer: str
    lowercase: bool
    length: int
    vocabulary: tuple[str, ...]
    merges: tuple[tuple[str, str], ...]
    cut: float

    def __post_init__(self) -> None:
        known = set(self.vocabulary)
        if self.vocabulary[: len(SPECIAL_TOKENS)] != SPECIAL_TOKENS or len(known) != len(self.vocabulary):
            raise ValueError(f"a vocabulary begins with {', '.join(SPECIAL_TOKENS)}, and repeats nothing")
        if not all(isinstance(token, str) for token in known) or self.tokenizer not in _TOKENIZERS:
            raise ValueError(f"the pieces of texts are texts, cut by {', '.join(_TOKENIZERS)}")
        if any({left, right, left + right} - known for left, right in self.merges):
            raise ValueError("pieces are merged that the vocabulary doesn't hold")

    @classmethod
    def fit(cls, table: pa.Table, columns: Sequence[str], config: TextConfig) -> "Tokens":
        """Learns the vocabulary of the train rows; DataError if they hold no text."""
        learned = _untrained(config.tokenizer, config.lowercase)
        texts = [text for name in columns for text in categories(table[name]).drop_null().to_pylist()]
        if not texts:
            raise DataError(
                "nothing can be learnt from empty texts",
                got=f"no text in {', '.join(map(repr, columns))} of the train rows",
                expected="texts",
                mend="name other columns: data.columns, data.ignore",
            )
        learned.train_from_iterator(texts, _trainer(config))
        codes = learned.get_vocab()
        merges = _merges(learned) if config.tokenizer == "bpe" else ()
        fitted = cls(
            columns=tuple(columns), tokenizer=config.tokenizer, lowercase=config.lowercase,
            length=config.length, vocabulary=tuple(sorted(codes, key=codes.__getitem__)), merges=merges,
            cut=0.0,
        )  # fmt: skip
        lines = fitted._lines(table.slice(0, _COUNTED))
        return replace(fitted, cut=sum(len(line) > config.length for line in lines) / max(1, len(lines)))

    def transform(self, table: pa.Table) -> np.ndarray:
        """Rows of a table -> `(rows, length)` int64 codes."""
        lines = np.full((len(table), self.length), PAD, dtype=np.int64)
        for row, line in enumerate(self._lines(table)):
            kept = line[: self.length]
            lines[row, : len(kept)] = kept
        return lines

    def inputs(self) -> dict[str, Any]:
        """What `models.inputs` is made from."""
        return {
            "kind": "text",
            "vocabulary": len(self.vocabulary),
            "length": self.length,
            "columns": list(self.columns),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Tokens":
        """Inverse of `dataclasses.asdict`, once written as JSON."""
        fixed = {
            "columns": tuple(data["columns"]),
            "vocabulary": tuple(data["vocabulary"]),
            "merges": tuple((left, right) for left, right in data["merges"]),
        }
        return cls(**{**data, **fixed})

    def _lines(self, table: pa.Table) -> list[list[int]]:
        """The codes of each row, neither cut nor filled up."""
        encoded = []
        for name in self.columns:
            cells = categories(table[name]).to_pylist()
            found = self._encoder.encode_batch_fast([cell or "" for cell in cells])
            encoded.append(
                [codes.ids if cell else [MISSING] for cell, codes in zip(cells, found, strict=True)]
            )
        return [
            [START, *(code for codes in row for code in (*codes, END))] for row in zip(*encoded, strict=True)
        ]

    @cached_property
    def _encoder(self) -> "Tokenizer":
        from tokenizers import models

        encoder = _untrained(self.tokenizer, self.lowercase)
        codes = {token: code for code, token in enumerate(self.vocabulary)}
        encoder.model = (
            models.BPE(codes, list(self.merges))
            if self.tokenizer == "bpe"
            else models.WordLevel(codes, SPECIAL_TOKENS[UNKNOWN])
        )
        return encoder


WORD = r"\w+|[^\w\s]"
"""What a bag of words is made of: words, and marks of punctuation one by one."""


def texts_of(table: pa.Table, columns: Sequence[str]) -> list[str]:
    """What each row says, `(rows,)`: its columns behind one another, nothing where a cell is empty."""
    cells = zip(*(categories(table[name]).to_pylist() for name in columns), strict=True)
    return [" ".join(cell for cell in row if cell is not None) for row in cells]


def _untrained(tokenizer: str, lowercase: bool) -> "Tokenizer":
    """How a text is cut before its pieces are looked up, and nothing learned yet."""
    # With threads of its own it warns, on the terminal, whenever this process starts another.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    bpe = tokenizer == "bpe"
    cuts = {
        "bpe": lambda: pre_tokenizers.ByteLevel(add_prefix_space=True),
        "words": pre_tokenizers.BertPreTokenizer,
        "characters": lambda: pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated"),
    }
    made = Tokenizer(models.BPE() if bpe else models.WordLevel(unk_token=SPECIAL_TOKENS[UNKNOWN]))
    steps = [normalizers.NFC(), *([normalizers.Lowercase()] if lowercase else [])]
    made.normalizer = normalizers.Sequence(steps)
    made.pre_tokenizer = cuts[tokenizer]()
    return made


def _trainer(config: TextConfig) -> Any:
    from tokenizers import pre_tokenizers, trainers

    shared: dict[str, Any] = {
        "vocab_size": config.vocabulary, "special_tokens": list(SPECIAL_TOKENS), "show_progress": False,
    }  # fmt: skip
    if config.tokenizer != "bpe":
        # What was seen once stays unknown, so that this code is trained, too.
        return trainers.WordLevelTrainer(min_frequency=2, **shared)
    # All bytes from the start: what training never saw can still be written.
    return trainers.BpeTrainer(initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), **shared)


def _merges(learned: "Tokenizer") -> tuple[tuple[str, str], ...]:
    return tuple((left, right) for left, right in json.loads(learned.to_str())["model"]["merges"])
