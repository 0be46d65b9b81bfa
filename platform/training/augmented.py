"""A supervised objective that sees a changed view of each image while it learns."""

import torch
from torch import Tensor, nn

from ..augmentation.views import View


class Augmented(nn.Module):
    """Another objective, fed with views; in evaluation mode with the images as they are.

    Args:
        objective: called with the views.
        view: makes a view of each image.
    """

    def __init__(self, objective: nn.Module, view: View):
        super().__init__()
        self.objective, self.view = objective, view

    def forward(
        self,
        inputs: tuple[Tensor, ...],
        target: Tensor | None = None,
        weight: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Loss of a batch of images `(batch, channels, height, width)`."""
        if self.training:
            inputs = tuple(self.view(images, generator) for images in inputs)
        return self.objective(inputs, target, weight, generator)
