"""Low-rank adaptation: frozen linear layers, each with a small change beside it that is learned.

Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models" (2022), section 4.1,
https://arxiv.org/abs/2106.09685

    h = W₀ x + (α / r) B A x      A: r × inputs, random; B: outputs × r, zero at first

Afterwards `W₀ + (α / r) B A` takes the place of `W₀`: the network is as large and as fast as before.
"""

import torch
from torch import Tensor, nn

from .layer_groups import heads_of
from .network import Network

__all__ = ["LowRank", "add_low_rank", "merge_low_rank"]


class LowRank(nn.Module):
    """A linear layer that is frozen, and the change that is learned.

    Args:
        base: the layer.
        rank: r, at most its smaller side.
        alpha: α: with `α / r` before it, the change keeps its size when the rank is changed.
    """

    def __init__(self, base: nn.Linear, *, rank: int, alpha: float):
        super().__init__()
        self.base, self.scale = base.requires_grad_(False), alpha / rank
        place = {"device": base.weight.device, "dtype": base.weight.dtype}
        self.down = nn.Linear(base.in_features, rank, bias=False, **place)
        self.up = nn.Linear(rank, base.out_features, bias=False, **place)
        nn.init.zeros_(self.up.weight)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map `(..., inputs)` to `(..., outputs)`."""
        return self.base(inputs) + self.scale * self.up(self.down(inputs))

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """The layer with the change in its weights."""
        self.base.weight += self.scale * (self.up.weight @ self.down.weight)
        return self.base.requires_grad_(True)


def add_low_rank(network: Network, *, rank: int, alpha: float) -> int:
    """Freeze a network but for its heads, and put a change beside every linear layer before them.

    Args:
        network: changed in place.
        rank: of the changes; a layer whose smaller side is less gets that.
        alpha: of the changes: `alpha / rank` is their scale, in every layer.

    Returns:
        How many linear layers there are; with none, only the head would learn.
    """
    if rank < 1 or not 0 < alpha < float("inf"):
        raise ValueError(f"low-rank adaptation: got rank {rank} and alpha {alpha}, expected both above 0")
    heads = {module for head in heads_of(network) for module in head.modules()}
    network.requires_grad_(False)
    for head in heads_of(network):
        head.requires_grad_(True)
    places = [
        (owner, name, child)
        for owner in network.modules()
        for name, child in owner.named_children()
        if type(child) is nn.Linear and child not in heads
    ]
    for owner, name, child in places:
        least = min(rank, child.in_features, child.out_features)
        setattr(owner, name, LowRank(child, rank=least, alpha=alpha * least / rank))
    return len(places)


def merge_low_rank(network: Network) -> None:
    """Put every change into the weights beside it; the network is again the one that it was built as."""
    for owner in list(network.modules()):
        for name, child in list(owner.named_children()):
            if isinstance(child, LowRank):
                setattr(owner, name, child.merged())
    network.requires_grad_(True)
