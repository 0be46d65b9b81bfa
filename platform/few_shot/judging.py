"""Test episodes: drawn before any answer is known, and answered."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from ...models.episodes import FewShotLearner
from ...models.prototypical import Prototypical
from .config import FewShotConfig, Shape
from .drawing import EpisodeSampler, rows_of_classes
from .objective import episode_of

__all__ = ["NEAREST_MEAN", "answers", "drawn", "nearest_mean"]

NEAREST_MEAN = "nearest_mean_of_pixels"
"""The baseline: a prototypical network that has learned nothing."""


def drawn(target: np.ndarray, config: FewShotConfig, shape: Shape) -> np.ndarray:
    """The test episodes of a spec: `(episodes, way * (shot + queries))` positions of rows.

    A function of the seed, the shape and the rows' classes: no model has a say, and anybody can draw again.

    Args:
        target: `(rows,)` code of each test row's class.
        config: the section `few_shot` of the spec.
        shape: of these episodes.
    """
    classes = rows_of_classes(torch.from_numpy(target), shape, "test")
    sampler = EpisodeSampler(
        classes, shape, episodes=config.episodes, seed=config.seed, purpose=f"test {shape.shot}"
    )
    return torch.stack(list(sampler.batches())).numpy()


def answers(learner: FewShotLearner, rows: Tensor, index: np.ndarray, shape: Shape) -> np.ndarray:
    """Place in its episode, 0 to way - 1, that each query is answered by: `(episodes, way * queries)`.

    Args:
        learner: answers episodes of `rows`.
        rows: `(rows, …)`, all that the index names.
        index: what `drawn` returned.
        shape: of the episodes.
    """
    return np.stack([answer.numpy() for answer in _each(learner, rows, index, shape)])


def _each(learner: FewShotLearner, rows: Tensor, index: np.ndarray, shape: Shape) -> Iterator[Tensor]:
    with torch.no_grad():
        for positions in torch.from_numpy(index):
            yield learner.logits(episode_of(rows[positions], shape)).argmax(dim=1)


def nearest_mean() -> Prototypical:
    """The learner of the baseline, for rows `(rows, pixels)` in [0, 1]."""
    return Prototypical(nn.Identity())
