"""What a person may say about secure aggregation: `federated.secure`. Standard library only."""

import math
from dataclasses import dataclass
from typing import ClassVar

from ...exceptions import SpecError

__all__ = ["SecureConfig"]


@dataclass(frozen=True, kw_only=True)
class SecureConfig:
    """The server sees the sum of clients' changes alone: each is rounded and hidden behind masks that cancel.

    How many neighbours a client shares secrets with, and how many of them it takes to unmask, follows from
    `dropouts` and `colluding`.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    clip: float = 8.0
    """A weight's change in a round is cut to [-clip, clip]; how many were cut is told."""

    bits: int = 24
    """A change is rounded to one of 2^bits values: no mean of changes is off by as much as the distance of
    two of them, 2 clip / (2^bits - 1)."""

    dropouts: float = 0.3
    """Share of a round's clients that may drop out between two steps and leave the sum whole."""

    colluding: float = 0.1
    """Share of a round's clients that may tell the server all they know and give no other away."""

    def __post_init__(self) -> None:
        rules = {
            "clip": (self.clip, 0 < self.clip < math.inf, "above 0"),
            "bits": (self.bits, 8 <= self.bits <= 32, "8 to 32"),
            "dropouts": (self.dropouts, 0 <= self.dropouts < 0.5, "0 or more, below 0.5"),
            "colluding": (self.colluding, 0 <= self.colluding < 0.5, "0 or more, below 0.5"),
        }
        for key, (value, holds, expected) in rules.items():
            if not holds:
                raise SpecError(
                    f"federated.secure.{key} is out of range",
                    got=value,
                    expected=expected,
                    mend=f"change federated.secure.{key} in the spec",
                )
