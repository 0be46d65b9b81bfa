"""Canaries of the white-box attack: imagined rows, each with a gradient along a coordinate of its own.

Steinke, Nasr & Jagielski, "Privacy Auditing with One (1) Training Run" (2023), section 6 ("Dirac canaries"),
https://arxiv.org/abs/2305.08846
"""

from dataclasses import dataclass

import numpy as np

from ..key_stream import KeyStream

__all__ = ["GradientCanaries", "coins", "how_many", "random_numbers"]

SHARE = 0.1
"""Most canaries, as a share of the trainable numbers: so few aren't felt (docs/privacy/attacks.md)."""

FEWEST = 2
"""Fewest with which there is an attack."""


@dataclass(frozen=True, kw_only=True)
class GradientCanaries:
    """Gradients along single coordinates, and how their coins fell."""

    coordinates: np.ndarray
    """(canaries,) int64, positions in the trainable parameters laid end to end, each once."""
    included: np.ndarray
    """(canaries,) bool"""

    @classmethod
    def draw(cls, numbers: int, count: int, *, rng: np.random.Generator) -> "GradientCanaries":
        """Choose a coordinate and flip a coin for each canary.

        Args:
            numbers: trainable numbers of the model; canaries are at most as many.
            count: canaries.
            rng: of the choice and the coins; nothing else may know its seed.
        """
        assert count <= numbers, (count, numbers)
        return cls(coordinates=rng.choice(numbers, size=count, replace=False), included=coins(count, rng))


def coins(count: int, rng: np.random.Generator) -> np.ndarray:
    """`(count,)` bool: fair and independent. Fixing how many are included would make them dependent."""
    return rng.random(count) < 0.5


def how_many(asked: int, numbers: int) -> int:
    """Canaries that a model gets: as many as are asked for, unless it is too small for them.

    Args:
        asked: `privacy.canaries` of the spec.
        numbers: trainable numbers of the model.
    """
    count = min(asked, int(SHARE * numbers))
    return count if count >= FEWEST else 0


def random_numbers(seed: int | None) -> np.random.Generator:
    """Where coordinates, coins and draws come from: the operating system's entropy, or a seed."""
    return np.random.default_rng(KeyStream(seed, "canaries").words(4, np.uint32))
