"""Episodes: small classification tasks, each of other classes, that few-shot learners are judged on.

Vinyals et al., "Matching Networks for One Shot Learning" (2016), section 3, https://arxiv.org/abs/1606.04080

Shapes: N ways (classes), K shots a class to learn from, Q queries a class to be judged on.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

__all__ = ["Episode", "FewShotLearner", "FewShotObjective", "Score", "accuracies", "draw_episode", "score"]


@dataclass(frozen=True, kw_only=True)
class Episode:
    """One task.

    Attributes:
        support: rows to learn from, `(N K, …)`.
        support_target: their classes, 0 to N - 1, `(N K,)`.
        query: rows to answer, `(N Q, …)`.
        query_target: their classes, `(N Q,)`.
    """

    support: Tensor
    support_target: Tensor
    query: Tensor
    query_target: Tensor

    @property
    def ways(self) -> int:
        """N."""
        return int(self.support_target.max()) + 1


class FewShotLearner(Protocol):
    """What answers episodes."""

    def logits(self, episode: Episode) -> Tensor:
        """Of the queries, `(N Q, N)`, after learning from the support."""
        ...


class FewShotObjective(FewShotLearner, Protocol):
    """What learns from episodes: a module whose call is the loss of one."""

    def __call__(self, episode: Episode) -> Tensor:
        """Scalar loss of the queries."""
        ...


@dataclass(frozen=True, kw_only=True)
class Score:
    """Mean accuracy over episodes and its 95% interval.

    The interval is for other episodes of the same classes: it doesn't say how well other classes, or other
    alphabets, would be learned.
    """

    value: float
    low: float
    high: float
    episodes: int


def draw_episode(
    classes: Sequence[Tensor], *, ways: int, shots: int, queries: int, generator: torch.Generator
) -> Episode:
    """Draw classes, and rows of each, without replacement.

    Args:
        classes: the rows of each class, `(rows, …)`.
        ways: N.
        shots: K.
        queries: Q.
        generator: where the draws come from.

    Raises:
        ValueError: too few classes, or too few rows in a class.
    """
    least = min(len(rows) for rows in classes)
    if len(classes) < ways or least < shots + queries or min(ways, shots, queries) < 1:
        raise ValueError(
            f"episode: got {len(classes)} classes of {least} rows and more, expected at least {ways} classes"
            f" of {shots} + {queries} rows"
        )
    chosen = torch.randperm(len(classes), generator=generator)[:ways].tolist()
    rows = [
        classes[number][torch.randperm(len(classes[number]), generator=generator)[: shots + queries]]
        for number in chosen
    ]
    return Episode(
        support=torch.cat([part[:shots] for part in rows]),
        support_target=torch.arange(ways).repeat_interleave(shots),
        query=torch.cat([part[shots:] for part in rows]),
        query_target=torch.arange(ways).repeat_interleave(queries),
    )


@torch.no_grad()
def accuracies(learner: FewShotLearner, episodes: Iterable[Episode]) -> Tensor:
    """Share of the queries that are answered rightly, `(episodes,)`."""
    found = [
        (learner.logits(episode).argmax(dim=1) == episode.query_target).double().mean()
        for episode in episodes
    ]
    return torch.stack(found)


def score(found: Tensor) -> Score:
    """Mean of accuracies `(episodes,)`, two at least, and `± 1.96 standard deviations / sqrt(episodes)`."""
    mean, half = float(found.mean()), 1.96 * float(found.std()) / math.sqrt(len(found))
    return Score(value=mean, low=max(mean - half, 0.0), high=min(mean + half, 1.0), episodes=len(found))
