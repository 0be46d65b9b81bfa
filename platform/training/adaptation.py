"""Learn from labelled rows of one domain while the features of another, without labels, become alike.

The rows of the other domain are drawn beside each batch, as many as it has. No label of theirs is there to be
looked at.
"""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from ...models.network import Network

__all__ = ["Adapted"]

Penalty = Callable[[Tensor, Tensor, float], Tensor]


class Adapted(nn.Module):
    """A supervised objective of the head, plus how far the features of both domains are apart.

    Args:
        network: whose `encode` gives the features.
        objective: of the head: called with features, targets and weights.
        penalty: `Coral` or `DomainAdversary`.
        target: inputs of the other domain, each `(others, …)`, on the device.
        weight: what the penalty is multiplied by.
        steps: that there will be, for the penalty's progress.
        augment: makes views of rows of both domains while it learns, or None. One domain's alone would tell
            them apart.
    """

    step: Tensor

    def __init__(
        self,
        network: Network,
        objective: nn.Module,
        penalty: nn.Module,
        target: tuple[Tensor, ...],
        *,
        weight: float,
        steps: int,
        augment: Callable[[Tensor, torch.Generator | None], Tensor] | None = None,
    ):
        super().__init__()
        self.network, self.objective, self.penalty = network, objective, penalty
        self.target, self.weight, self.steps, self.augment = target, weight, steps, augment
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def forward(
        self,
        inputs: tuple[Tensor, ...],
        target: Tensor,
        weight: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Loss of a batch of labelled rows; in evaluation mode without the penalty."""
        if not self.training:
            return self.objective((self.network.encode(*inputs),), target, weight, generator)
        rows = len(inputs[0])
        drawn = torch.randint(len(self.target[0]), (rows,), generator=generator).to(inputs[0].device)
        both = tuple(
            torch.cat([ours, theirs[drawn]]) for ours, theirs in zip(inputs, self.target, strict=True)
        )
        if self.augment is not None:
            both = tuple(self.augment(part, generator) for part in both)
        ours, theirs = self.network.encode(*both).split(rows)
        loss = self.objective((ours,), target, weight, generator)
        progress = min(1.0, int(self.step) / self.steps)
        self.step += 1
        return loss + self.weight * cast("Penalty", self.penalty)(ours.float(), theirs.float(), progress)
