"""Typing errors in text: letters swapped, dropped, repeated, taken from a neighbouring key, or in wrong case.

Belinkov & Bisk, "Synthetic and natural noise both break neural machine translation" (2018), section 3.2,
https://arxiv.org/abs/1711.02173
"""

import re
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pyarrow as pa

from .family import Change

__all__ = ["KINDS", "misspell", "typos"]

RATES = (0.02, 0.05, 0.1, 0.2)
_ROWS_OF_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = {
    key: "".join(row[max(0, i - 1) : i] + row[i + 1 : i + 2])
    for row in _ROWS_OF_KEYS
    for i, key in enumerate(row)
}
_WORD = re.compile(r"\w+")


def swap(word: str, rng: np.random.Generator) -> str:
    """Two neighbouring letters change places."""
    if len(word) < 2:
        return word
    i = int(rng.integers(len(word) - 1))
    return word[:i] + word[i + 1] + word[i] + word[i + 2 :]


def drop(word: str, rng: np.random.Generator) -> str:
    """One letter is left out; a word of one letter stays."""
    i = int(rng.integers(len(word)))
    return word[:i] + word[i + 1 :] if len(word) > 1 else word


def repeat(word: str, rng: np.random.Generator) -> str:
    """One letter is typed twice."""
    i = int(rng.integers(len(word)))
    return word[: i + 1] + word[i:]


def neighbour(word: str, rng: np.random.Generator) -> str:
    """One letter becomes the one beside it on a QWERTY keyboard; other scripts stay as they are."""
    places = [i for i, letter in enumerate(word) if letter.lower() in _NEIGHBOURS]
    if not places:
        return word
    i = places[int(rng.integers(len(places)))]
    near = _NEIGHBOURS[word[i].lower()]
    letter = near[int(rng.integers(len(near)))]
    return word[:i] + (letter.upper() if word[i].isupper() else letter) + word[i + 1 :]


def case(word: str, rng: np.random.Generator) -> str:
    """One letter in the other case."""
    i = int(rng.integers(len(word)))
    return word[:i] + word[i].swapcase() + word[i + 1 :]


KINDS: dict[str, Callable[[str, np.random.Generator], str]] = {
    "swap": swap,
    "drop": drop,
    "repeat": repeat,
    "neighbour": neighbour,
    "case": case,
}


def misspell(text: str, kind: str, rate: float, rng: np.random.Generator) -> str:
    """The text with one typing error in each word that the rate falls upon."""

    def maybe(found: re.Match[str]) -> str:
        return KINDS[kind](found.group(), rng) if rng.random() < rate else found.group()

    return _WORD.sub(maybe, text)


def typos(table: pa.Table, columns: list[str], seed: int) -> Iterator[Change]:
    """Each kind at each rate, in all text columns at once."""
    for place, kind in enumerate(KINDS):
        for rate in RATES:
            make = partial(_misspelt, table, columns, kind, rate, (seed, place))
            yield Change(kind=kind, level=rate, table=make)


def _misspelt(table: pa.Table, columns: list[str], kind: str, rate: float, seed: tuple[int, int]) -> pa.Table:
    for place, name in enumerate(columns):
        rng = np.random.default_rng((*seed, place))
        texts = table[name].cast(pa.string()).to_pylist()
        changed = [text if text is None else misspell(text, kind, rate, rng) for text in texts]
        table = table.set_column(table.column_names.index(name), name, pa.array(changed, pa.string()))
    return table
