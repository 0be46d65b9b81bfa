"""A supervised objective that sees a changed view of each row while it learns."""

import torch
from torch import Tensor, nn

from ..augmentation.views import View, light_view


class Augmented(nn.Module):
    """Another objective, fed with views; in evaluation mode with the rows as they are.

    Args:
        objective: called with the views.
        view: makes a view of each row: `light_view` of images, `drop_tokens` of texts.
    """

    def __init__(self, objective: nn.Module, view: View = light_view):
        super().__init__()
        self.objective, self.view = objective, view

    def forward(
        self,
        inputs: tuple[Tensor, ...],
        target: Tensor | None = None,
        weight: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Loss of a batch: images `(batch, channels, height, width)`, or codes `(batch, length)`."""
        if self.training:
            inputs = tuple(self.view(part, generator) for part in inputs)
        return self.objective(inputs, target, weight, generator)
