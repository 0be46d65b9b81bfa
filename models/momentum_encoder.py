"""A momentum encoder: the slow copy of a network that MoCo takes its keys from, and BYOL its targets.

He et al., "Momentum Contrast for Unsupervised Visual Representation Learning" (2020), section 3.2, equation
2, https://arxiv.org/abs/1911.05722
"""

from copy import deepcopy

import torch
from torch import Tensor, nn

from .network import Network

__all__ = ["MomentumEncoder"]


class MomentumEncoder(nn.Module):
    """A copy of a network and of its projection that no gradient reaches: it only follows.

    It is part of the objective's state, so a run that was killed goes on with it.

    Args:
        network: copied with the weights that it has now.
        projection: copied likewise.
        momentum: m, what is kept of the copy at a step, in [0, 1]: near 1 it is the mean of about
            1 / (1 - m) steps.
    """

    def __init__(self, network: Network, projection: nn.Module, momentum: float):
        super().__init__()
        if not 0 <= momentum <= 1:
            raise ValueError(f"momentum: got {momentum}, expected a number from 0 to 1")
        self.network, self.projection, self.momentum = deepcopy(network), deepcopy(projection), momentum
        self.requires_grad_(False)

    @torch.no_grad()
    def follow(self, network: Network, projection: nn.Module) -> None:
        """Equation 2, for every parameter: slow = m * slow + (1 - m) * fast.

        To be called before a training step's forward: the weights that the step before has made are followed
        then. The first call changes nothing, for copy and network are still the same.
        """
        for slow, fast in ((self.network, network), (self.projection, projection)):
            for kept, new in zip(slow.parameters(), fast.parameters(), strict=True):
                kept.lerp_(new, 1 - self.momentum)  # which leaves equal weights as they are, to the bit

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """Projections `(batch, projection width)` of images, without gradient."""
        return self.projection(self.network.encode(images))
