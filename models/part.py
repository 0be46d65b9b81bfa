"""A row of the tables of what can be named in a spec. Importing this imports no torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Part"]


@dataclass(frozen=True, kw_only=True)
class Part:
    """A row of a table."""

    summary: str
    """What it is, in one line."""

    paper: str
    """Where it was published."""

    modality: str
    """What it takes: `tabular`, `image` or `text`."""

    module: str
    """File in this room."""

    factory: str
    """Class in that file."""

    options: Mapping[str, Any]
    """Every option with its default."""

    decided: Mapping[str, Any] = field(default_factory=dict)
    """Arguments that the name itself decides: of `resnet50`, the depth."""

    fixed: bool = False
    """Of an architecture: whether nothing before its head is learned, so pretraining has nothing to do."""

    private: Mapping[str, Any] | None = None
    """Options that differential privacy needs, `{}` where any do; None where it can't be had: what is said of
    a row depends on other rows, or no test has held it against plain gradients."""

    views: bool = False
    """Of a method: whether it compares augmented views of an image."""

    moving_target: bool = False
    """Of a method: whether its loss is held against something that learns too. Losses of two epochs can't be
    compared then, so the last epoch is kept and not the best."""

    architectures: tuple[str, ...] = ()
    """Of a method: the only architectures that it can train; empty: all of its modality."""
