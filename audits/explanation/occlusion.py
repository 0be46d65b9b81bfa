"""Occlusion: how far the score moves when one part is hidden.

Zeiler & Fergus, "Visualizing and Understanding Convolutional Networks" (2014), section 4.2,
https://arxiv.org/abs/1311.2901; words: Li et al., "Understanding Neural Networks through Representation
Erasure" (2016), https://arxiv.org/abs/1612.08220. Only scores are asked for, so that it suits any model. Of
two parts that say the same, hiding one changes nothing: both look unimportant.
"""

import re
from typing import Any

import numpy as np
import pyarrow as pa

from .column_shares import examples
from .mixed import Mixed, without
from .pixels import Pixels
from .section import Section
from .subject import Subject, rounded

__all__ = ["BACKGROUND", "columns", "patches", "with_words", "word_drops"]

BACKGROUND = 32
"""Train rows that a hidden column is taken from."""

MOST_WORDS = 150
"""Words of a text that are left out in turn; the rest of a longer one is shown without numbers."""

_WORD = re.compile(r"\S+")


def columns(parts: Mixed, target: np.ndarray) -> np.ndarray:
    """What is said of a row minus what is said without each column, `(rows, columns)`."""
    rows, count = len(parts.rows), parts.mixture.players
    whole = parts.share(parts.mixture.outputs(parts.mixture.codes[parts.rows]), target)
    gone = np.tile(np.eye(count, dtype=bool), (rows, 1))
    row = np.arange(rows).repeat(count)
    return whole[:, None] - without(parts, gone, row, target[row], parts.share).reshape(rows, count)


def patches(pixels: Pixels, images: np.ndarray, target: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Score of a class minus its score with each cell of a grid hidden, `(rows, *grid)`.

    Regression: how far the value moves, to either side.
    """
    rows, count = len(images), grid[0] * grid[1]
    whole = pixels.score(images, target)
    gone, row = np.tile(np.eye(count, dtype=bool), (rows, 1)), np.arange(rows).repeat(count)
    drop = whole[row] - pixels.score(pixels.without(images[row], gone, grid), target[row])
    drop = np.abs(drop) if pixels.scorer.task == "regression" else drop
    return drop.reshape(rows, *grid)


def with_words(subject: Subject, found: Section) -> Section:
    """The section with the words of each example's texts, beside how far leaving them out moves the score."""
    for example, line in zip(examples(subject), found.body.get("examples", ()), strict=False):
        target = int(subject.explained(np.array([example.index]))[0])
        row = subject.table.slice(example.index, 1)
        texts = {name: word_drops(subject, row, name, target) for name in subject.texts}
        if any(texts.values()):
            line["words"] = {name: words for name, words in texts.items() if words}
    return found


def word_drops(subject: Subject, row: pa.Table, name: str, target: int) -> list[dict[str, Any]]:
    """Each word of one text with the score's fall when it is left out; None beyond `MOST_WORDS`."""
    text = row[name][0].as_py()
    spans = [found.span() for found in _WORD.finditer(text or "")]
    told = spans[:MOST_WORDS]
    if not told:
        return []
    variants = [text, *(text[:start] + text[end:] for start, end in told)]
    table = row.take(pa.array(np.zeros(len(variants), dtype=np.int64)))
    place = table.column_names.index(name)
    scores = subject.predictor.predict(table.set_column(place, name, pa.array(variants, row[name].type)))
    said = scores if scores.ndim == 1 else scores[:, target]
    drops = [rounded(said[0] - other) for other in said[1:]]
    return [
        {"word": text[start:end], "value": drops[place] if place < len(drops) else None}
        for place, (start, end) in enumerate(spans[: 2 * MOST_WORDS])
    ]
