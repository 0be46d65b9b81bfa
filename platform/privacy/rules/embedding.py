"""Embeddings: row `token` of a table for each position.

Two positions meet in a sample's gradient only where their tokens are equal, so
‖G_i‖² = Σ_{t,t'} [token_t = token_t'] ⟨g_t, g_t'⟩ (Bu et al. 2023, section 3.3): the table never appears.
"""

import torch
from torch import Tensor, nn

from ...exceptions import ModelError
from ..layer import Kept, Layer, Sums

__all__ = ["check", "clipped_sum", "norms", "per_sample"]


def norms(layer: Layer, tokens: Tensor, grad: Tensor) -> tuple[Tensor, Kept]:
    """Squared norms `(B,)` from tokens `(B, …)` and gradients `(B, …, d)`."""
    tokens, grad = by_position(layer, tokens, grad)
    products = torch.bmm(grad, grad.mT)
    products.mul_(tokens.unsqueeze(1) == tokens.unsqueeze(2))
    return products.sum((1, 2)).clamp_(min=0.0), (tokens, grad)


def clipped_sum(layer: Layer, kept: Kept, coefficients: Tensor, sums: Sums) -> None:
    """Add each position's weighted gradient to its token's row."""
    tokens, grad = kept
    weighted = grad * coefficients.view(-1, 1, 1)
    sums["weight"].index_add_(0, tokens.flatten(), weighted.flatten(0, 1))


def per_sample(layer: Layer, tokens: Tensor, grad: Tensor) -> dict[str, Tensor]:
    """Gradients `weight (B, tokens of the table, d)`."""
    tokens, grad = by_position(layer, tokens, grad)
    table = grad.new_zeros(len(grad), *layer.parameters["weight"].shape)
    return {"weight": table.scatter_add_(1, tokens.unsqueeze(-1).expand_as(grad), grad)}


def by_position(layer: Layer, tokens: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
    """Tokens `(B, T)` and gradients `(B, T, d)`; the padding token learns nothing."""
    tokens = tokens.reshape(len(tokens), -1)
    grad = grad.reshape(*tokens.shape, -1)
    padding = layer.module.padding_idx
    if padding is not None:
        grad = grad.masked_fill((tokens == padding).unsqueeze(-1), 0.0)
    return tokens, grad


def check(module: nn.Module, name: str) -> None:
    """Refuse what looks at the other samples, or changes the table outside the mechanism."""
    for setting in ("max_norm", "scale_grad_by_freq", "sparse"):
        if getattr(module, setting):
            raise ModelError(
                f"{name}: an embedding with {setting} can't be trained with differential privacy",
                got=f"{setting}={getattr(module, setting)}",
                expected="an embedding whose gradient is a sum over samples",
                mend=f"leave {setting} out",
            )
