"""Linear layers: y = a W' + b, over rows or over positions.

The gradient of sample i is G_i = g_i' a_i, with a_i (T, d) and g_i (T, p). Its norm needs no G_i:
‖G_i‖² = ⟨a_i a_i', g_i g_i'⟩ (Goodfellow 2015, https://arxiv.org/abs/1510.01799; Li et al. 2022, section 4,
https://arxiv.org/abs/2110.05679). The bias is one more input that is always 1.
"""

import torch
from torch import Tensor

from ..layer import Kept, Layer, Sums
from ..products import transposed_product

__all__ = ["clipped_sum", "few_positions", "has_positions", "norms", "per_sample"]


def norms(layer: Layer, inputs: Tensor, grad: Tensor) -> tuple[Tensor, Kept]:
    """Squared norms `(B,)` from products of inputs and products of gradients alone."""
    kept = inputs, grad
    if grad.dim() == 2:
        squares = square_rows(grad)
        if layer.trains("weight"):
            seen = square_rows(inputs)
            squares.mul_(seen.add_(1.0) if layer.trains("bias") else seen)
        return squares, kept
    inputs, grad = inputs.flatten(1, -2), grad.flatten(1, -2)  # (B, T, d), (B, T, p)
    products = torch.bmm(grad, grad.mT)
    if layer.trains("weight"):
        similar = torch.bmm(inputs, inputs.mT)
        products.mul_(similar.add_(1.0) if layer.trains("bias") else similar)
    # Rounding may leave a sum of products a little below 0.
    return products.sum((1, 2)).clamp_(min=0.0), kept


def clipped_sum(layer: Layer, kept: Kept, coefficients: Tensor, sums: Sums, *, onednn: bool = False) -> None:
    """One product over all samples and positions: (c g)' a."""
    inputs, grad = kept
    weighted = (grad * coefficients.view(-1, *[1] * (grad.dim() - 1))).flatten(0, -2)  # (B T, p)
    if layer.trains("weight"):
        inputs = inputs.flatten(0, -2)
        if onednn:
            sums["weight"].add_(transposed_product(weighted, inputs))
        else:
            sums["weight"].addmm_(weighted.t(), inputs)
    if layer.trains("bias"):
        sums["bias"].add_(weighted.sum(0))


def per_sample(layer: Layer, inputs: Tensor, grad: Tensor) -> dict[str, Tensor]:
    """Gradients `weight (B, p, d)` and `bias (B, p)`."""
    if grad.dim() == 2:
        inputs, grad = inputs.unsqueeze(1), grad.unsqueeze(1)
    inputs, grad = inputs.flatten(1, -2), grad.flatten(1, -2)
    gradients = {}
    if layer.trains("weight"):
        gradients["weight"] = torch.bmm(grad.mT, inputs)
    if layer.trains("bias"):
        gradients["bias"] = grad.sum(1)
    return gradients


def few_positions(layer: Layer, inputs: Tensor, grad: Tensor) -> bool:
    """Whether products of positions are smaller than the weights: 2 T² < p d (Bu et al. 2022, 4.2)."""
    positions = grad[0].numel() // grad.shape[-1]
    return not has_positions(grad) or 2 * positions**2 < inputs.shape[-1] * grad.shape[-1]


def has_positions(grad: Tensor) -> bool:
    """Whether there is more than one position a sample: over rows ghost products are free of any rival."""
    return grad.dim() > 2


def square_rows(matrix: Tensor) -> Tensor:
    """Squared norms of the rows of `(B, n)`."""
    return torch.linalg.vector_norm(matrix, dim=1).square_()
