"""What a network is fed: the shape of a table's rows or of an image.

A plain description, made from the dictionary that the fitted preprocessor writes, so that an architecture can
be built again from `architecture.json` alone. Importing this imports no torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

__all__ = ["ImageInput", "TabularInput", "inputs_from_dict"]


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


def inputs_from_dict(description: Mapping[str, Any]) -> TabularInput | ImageInput:
    """Read the description that the preprocessor wrote.

    Args:
        description: `{"kind": "tabular", "numeric": [names], "cardinalities": […], "bins": [[edges], …]}` or
            `{"kind": "image", "channels": …, "height": …, "width": …}`; further keys are left alone.

    Raises:
        ValueError: the kind is neither, or the shape makes no sense.
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
    raise ValueError(f"kind of input: got {kind!r}, expected 'tabular' or 'image'")
