"""Poisson sampling of persons: each takes part in each step by a coin of their own, with one of their rows.

User-level sampling (algorithm DP-SGD-ULS of Charles et al., "Fine-Tuning Large Language Models with
User-Level Differential Privacy", 2024, https://arxiv.org/abs/2407.07737, with one row a person and step),
which is how McMahan et al., "Learning Differentially Private Recurrent Language Models" (2018), algorithm 1,
https://arxiv.org/abs/1710.06963, draw users.

A person who is added or removed, with however many rows, adds or takes away one clipped gradient in the steps
that their coin chooses. So the sensitivity is the bound of one row and the cost that of DP-SGD, with persons
in the place of rows. It assumes that no two persons' rows are one another's: what one person's rows tell of
another isn't bounded. Whoever has many rows has each of them seen as much more rarely.
"""

import numpy as np

from .key_stream import KeyStream
from .poisson_sampler import Poisson

__all__ = ["PersonSampler"]


class PersonSampler(Poisson):
    """Batches in which `batch_size` persons are expected, each with one of their rows, drawn evenly.

    Args:
        persons: `(rows,)` whose row each is: codes from 0, every one of them in use.
        batch_size: expected persons a step.
        seed: None takes the operating system's entropy.

    Raises:
        SpecError: the batch is larger than the number of persons.
    """

    drawn = "persons"

    def __init__(self, persons: np.ndarray, batch_size: int, seed: int | None = None):
        sizes = np.bincount(persons)
        assert sizes.all(), "codes have no gaps"
        super().__init__(len(sizes), batch_size, seed)
        self.persons, self.sizes = persons, sizes.astype(np.uint64)
        self._order = np.argsort(persons, kind="stable")
        self._first = np.cumsum(sizes) - sizes

    def _draw(self, stream: KeyStream) -> np.ndarray:
        """Rows, ascending: of each person whose coin shows heads, one."""
        drawn = super()._draw(stream)
        # The remainder of 64 random bits is uneven by less than the number of a person's rows over 2**64.
        place = stream.words(len(drawn), np.uint64) % self.sizes[drawn]
        return np.sort(self._order[self._first[drawn] + place.astype(np.int64)])
