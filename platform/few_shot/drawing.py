"""Which rows make up an episode: drawn from classes that have enough, a function of seed and place."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from ...models.episodes import draw_episode
from ..training.seeding import generator
from .config import Shape, require_classes

__all__ = ["EpisodeSampler", "rows_of_classes"]


def rows_of_classes(target: Tensor, shape: Shape, split: str) -> list[Tensor]:
    """Row numbers of each class that has enough rows for an episode, ascending.

    Args:
        target: `(rows,)` code of each row's class.
        shape: of the episodes.
        split: that the rows are of, for the error.

    Raises:
        DataError: fewer classes than an episode has.
    """
    codes = target.cpu()
    every = [torch.nonzero(codes == code).flatten() for code in codes.unique()]
    require_classes([len(rows) for rows in every], shape, split)
    return [rows for rows in every if len(rows) >= shape.per_class]


class EpisodeSampler:
    """Episodes as batches of row numbers: those to learn from, class by class, then those to answer.

    Each is drawn from a generator of its own, so a run resumes anywhere, and nobody chose an episode.

    Args:
        classes: row numbers of each class.
        shape: of the episodes.
        episodes: an epoch.
        seed: of the draws.
        purpose: what they are for: episodes of different purposes are unrelated.
    """

    def __init__(self, classes: Sequence[Tensor], shape: Shape, *, episodes: int, seed: int, purpose: str):
        self.classes, self.shape, self.seed, self.purpose = classes, shape, seed, purpose
        self.rows, self.batch_size, self.steps = sum(map(len, classes)), shape.rows, episodes

    def batches(self, epoch: int = 0, *, start: int = 0) -> Iterator[Tensor]:
        """Yield the row numbers `(way * (shot + queries),)` of each episode, from number `start` on."""
        shape = self.shape
        for step in range(start, self.steps):
            drawn = draw_episode(
                self.classes, ways=shape.way, shots=shape.shot, queries=shape.queries,
                generator=generator(self.seed, "episode", self.purpose, epoch, step),
            )  # fmt: skip
            yield torch.cat([drawn.support, drawn.query])

    def state(self) -> dict[str, Any]:
        """Nothing: the draws follow from the seed."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Nothing to put back."""
