"""What a network is fed: the shape of a table's rows, of an image or of a text.

A plain description, made from the dictionary that the fitted preprocessor writes, so that an architecture can
be built again from `architecture.json` alone. Importing this imports no torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

__all__ = [
    "END",
    "MASK",
    "MISSING",
    "PAD",
    "SPECIAL_TOKENS",
    "START",
    "UNKNOWN",
    "ImageInput",
    "TabularInput",
    "TextInput",
    "inputs_from_dict",
]

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[MISSING]")
"""What every vocabulary begins with, under BERT's names: filling up, a token that isn't known, the start of a
line, the end of a text, a hidden token, a text that isn't there."""

PAD, UNKNOWN, START, END, MASK, MISSING = range(len(SPECIAL_TOKENS))


@dataclass(frozen=True, kw_only=True)
class TabularInput:
    """Rows of a table: floats `(batch, numeric)`, NaN where missing, and codes `(batch, categorical)`."""

    numeric: int
    """Number of numeric columns."""

    cardinalities: tuple[int, ...]
    """Number of codes of each categorical column, the codes for 'missing' and 'unknown' included."""

    bins: tuple[tuple[float, ...], ...] = ()
    """Ascending edges of each numeric column's bins, in the units that the network sees."""

    def __post_init__(self) -> None:
        if self.numeric + len(self.cardinalities) == 0:
            raise ValueError("a table needs at least one feature: got no numeric and no categorical column")
        if len(self.bins) not in (0, self.numeric):
            raise ValueError(
                f"got bins for {len(self.bins)} columns, expected {self.numeric}: one tuple a column"
            )
        for position, edges in enumerate(self.bins):
            if len(edges) < 2 or any(low >= high for low, high in pairwise(edges)):
                raise ValueError(
                    f"bins of numeric column {position}: got {edges}, expected two or more ascending edges"
                )
        if any(cardinality < 1 for cardinality in self.cardinalities):
            raise ValueError(f"got cardinalities {self.cardinalities}, expected each to be at least 1")

    @property
    def features(self) -> int:
        """Number of tokens: the numeric columns first, then the categorical ones."""
        return self.numeric + len(self.cardinalities)


@dataclass(frozen=True, kw_only=True)
class ImageInput:
    """Images of one size, `(batch, channels, height, width)` float."""

    channels: int
    height: int
    width: int

    def __post_init__(self) -> None:
        if self.channels < 1 or min(self.height, self.width) < 4:
            raise ValueError(f"got {self}, expected at least one channel and sides of at least 4 pixels")


@dataclass(frozen=True, kw_only=True)
class TextInput:
    """Codes of tokens `(batch, length)`, int64: each line begins with `START` and is filled up with `PAD`."""

    vocabulary: int
    """Number of codes, those of `SPECIAL_TOKENS` included."""

    length: int
    """Tokens of a line, at most."""

    def __post_init__(self) -> None:
        if self.vocabulary <= len(SPECIAL_TOKENS) or self.length < 2:
            raise ValueError(
                f"got {self}, expected more than {len(SPECIAL_TOKENS)} codes and a length of at least 2"
            )


def inputs_from_dict(description: Mapping[str, Any]) -> TabularInput | ImageInput | TextInput:
    """Read the description that the preprocessor wrote.

    Args:
        description: `{"kind": "tabular", "numeric": [names], "cardinalities": […], "bins": [[edges], …]}`,
            `{"kind": "image", "channels": …, "height": …, "width": …}` or
            `{"kind": "text", "vocabulary": …, "length": …}`; further keys are left alone.

    Raises:
        ValueError: the kind is none of these, or the shape makes no sense.
    """
    kind = description.get("kind")
    if kind == "tabular":
        return TabularInput(
            numeric=len(description["numeric"]),
            cardinalities=tuple(int(cardinality) for cardinality in description["cardinalities"]),
            bins=tuple(tuple(float(edge) for edge in edges) for edges in description.get("bins", ())),
        )
    if kind == "image":
        return ImageInput(**{name: int(description[name]) for name in ("channels", "height", "width")})
    if kind == "text":
        return TextInput(**{name: int(description[name]) for name in ("vocabulary", "length")})
    raise ValueError(f"kind of input: got {kind!r}, expected 'tabular', 'image' or 'text'")
