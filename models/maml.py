"""Model-agnostic meta-learning: weights from which a few gradient steps learn a new task.

Finn, Abbeel & Levine, "Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks" (2017),
https://arxiv.org/abs/1703.03400: algorithm 2, and its first-order form (section 5.2).
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from .episodes import Episode

__all__ = ["MAML", "adapted"]

Weights = Mapping[str, Tensor]


class MAML(nn.Module):
    """The loss of an episode after a few steps on its support.

    Batch normalization would tie a query to the others of its batch; take a network normalized by groups.

    Args:
        network: `(batch, …)` to logits `(batch, N)`, with as many outputs as episodes have ways.
        steps: gradient steps on the support.
        learning_rate: of these steps, α.
        first_order: take the adapted weights' gradient for that of the first ones: cheaper, nearly as good.
    """

    def __init__(
        self, network: nn.Module, *, steps: int = 5, learning_rate: float = 0.1, first_order: bool = False
    ):
        super().__init__()
        if steps < 1 or learning_rate <= 0:
            raise ValueError(f"maml: got {steps} steps at rate {learning_rate}, expected 1 or more above 0")
        self.network, self.steps, self.learning_rate = network, steps, learning_rate
        self.first_order = first_order

    def forward(self, episode: Episode) -> Tensor:
        """Cross-entropy of the queries with the adapted weights: what the first weights are learned by."""
        return F.cross_entropy(self.logits(episode), episode.query_target)

    def logits(self, episode: Episode) -> Tensor:
        """Of the queries, `(N Q, N)`, with the adapted weights."""
        weights = adapted(
            self.network, dict(self.network.named_parameters()), episode,
            steps=self.steps, learning_rate=self.learning_rate,
            first_order=self.first_order or not torch.is_grad_enabled(),
        )  # fmt: skip
        return functional_call(self.network, dict(weights), (episode.query,))


def adapted(
    network: nn.Module,
    weights: Weights,
    episode: Episode,
    *,
    steps: int,
    learning_rate: float,
    first_order: bool = False,
) -> Weights:
    """Weights after `θ' = θ - α ∇ L(θ)`, some times, on the support.

    Args:
        network: computes with them.
        weights: θ, by parameter name.
        episode: its support is learned from.
        steps: how often.
        learning_rate: α.
        first_order: the gradient is taken for a constant.
    """
    with torch.enable_grad():
        for _ in range(steps):
            logits = functional_call(network, dict(weights), (episode.support,))
            loss = F.cross_entropy(logits, episode.support_target)
            names, values = zip(*weights.items(), strict=True)
            slopes = torch.autograd.grad(loss, values, create_graph=not first_order)
            weights = {
                name: value - learning_rate * slope
                for name, value, slope in zip(names, values, slopes, strict=True)
            }
    return weights
