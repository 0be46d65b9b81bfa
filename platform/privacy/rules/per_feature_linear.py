"""A linear layer of its own for every column: each is a linear layer over rows.

‖G_i‖² = Σ_columns (‖a_ic‖² + 1) ‖g_ic‖², since no two columns share a weight.
"""

import torch
from torch import Tensor

from ..layer import Kept, Layer, Sums

__all__ = ["clipped_sum", "norms", "per_sample"]


def norms(layer: Layer, inputs: Tensor, grad: Tensor) -> tuple[Tensor, Kept]:
    """Squared norms `(B,)` from inputs `(B, columns, d)` and gradients `(B, columns, p)`."""
    squares = inputs.square().sum(-1) if layer.trains("weight") else inputs.new_zeros(inputs.shape[:2])
    if layer.trains("bias"):
        squares += 1.0
    return grad.square().sum(-1).mul_(squares).sum(1), (inputs, grad)


def clipped_sum(layer: Layer, kept: Kept, coefficients: Tensor, sums: Sums) -> None:
    """One product a column: a' (c g)."""
    inputs, grad = kept
    weighted = grad * coefficients.view(-1, 1, 1)
    if layer.trains("weight"):
        sums["weight"].baddbmm_(inputs.permute(1, 2, 0), weighted.transpose(0, 1))
    if layer.trains("bias"):
        sums["bias"].add_(weighted.sum(0))


def per_sample(layer: Layer, inputs: Tensor, grad: Tensor) -> dict[str, Tensor]:
    """Gradients `weight (B, columns, d, p)` and `bias (B, columns, p)`."""
    gradients = {}
    if layer.trains("weight"):
        gradients["weight"] = torch.einsum("bcd,bcp->bcdp", inputs, grad)
    if layer.trains("bias"):
        gradients["bias"] = grad
    return gradients
