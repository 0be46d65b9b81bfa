"""The loss of an episode, in the form in which the training loop asks for losses of batches."""

import torch
from torch import Tensor, nn

from ...models.episodes import Episode, FewShotObjective
from ..augmentation.views import View
from .config import FewShotConfig, Shape

__all__ = ["Episodic", "episode_of", "quarter_turned"]


class Episodic(nn.Module):
    """A few-shot learner whose batches are episodes.

    Args:
        learner: a module whose call is the loss of an episode.
        config: with the shapes of episodes that train and that judge.
        augment: makes a view of each image while it learns, or None.
    """

    def __init__(self, learner: FewShotObjective, config: FewShotConfig, *, augment: View | None):
        super().__init__()
        self.learner, self.augment, self.turned = learner, augment, config.quarter_turns
        self.trained, self.judged = config.trained, config.judged

    def forward(
        self,
        inputs: tuple[Tensor, ...],
        target: Tensor | None = None,
        weight: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Loss of one episode of images, in the order of `EpisodeSampler`; labels follow from the order."""
        (images,) = inputs
        shape = self.trained if self.training else self.judged
        if self.training and self.turned:
            images = quarter_turned(images, shape, generator)
        if self.training and self.augment is not None:
            images = self.augment(images, generator)
        return self.learner(episode_of(images, shape))


def episode_of(rows: Tensor, shape: Shape) -> Episode:
    """The episode of a batch `(way * (shot + queries), …)` in the order of `EpisodeSampler`."""
    support, query = rows.split([shape.way * shape.shot, shape.way * shape.queries])
    places = torch.arange(shape.way, device=rows.device)
    return Episode(
        support=support,
        support_target=places.repeat_interleave(shape.shot),
        query=query,
        query_target=places.repeat_interleave(shape.queries),
    )


def quarter_turned(images: Tensor, shape: Shape, generator: torch.Generator | None) -> Tensor:
    """All images of a class turned alike by a quarter that is drawn for the class, by none, or by several.

    Args:
        images: `(way * (shot + queries), channels, side, side)` in the order of `EpisodeSampler`.
        shape: of the episode.
        generator: where the draws come from.
    """
    drawn = torch.randint(4, (shape.way,), generator=generator)
    quarters = torch.cat([drawn.repeat_interleave(shape.shot), drawn.repeat_interleave(shape.queries)])
    found = images.clone()
    for quarter in (1, 2, 3):
        mine = (quarters == quarter).to(images.device)
        found[mine] = torch.rot90(images[mine], quarter, (2, 3))
    return found
