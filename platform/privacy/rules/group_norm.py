"""Group norms: y = w x̂ + b for each channel, normalized over groups of channels.

Wu & He, "Group Normalization" (2018), https://arxiv.org/abs/1803.08494. A sample's gradients are Σ g x̂ and
Σ g over its positions, a number a channel.
"""

from typing import Any, cast

import torch
from torch import Tensor, nn

from ..layer import Kept, Layer, in_float32_at_least

__all__ = ["keep", "per_sample"]


def keep(module: nn.GroupNorm, args: tuple[Any, ...], output: Tensor) -> Kept:
    """Input `(B, C, …)`, mean and 1 / deviation `(B, groups)`: autograd's own, if to be had."""
    inputs, node = args[0].detach(), cast(Any, output.grad_fn)
    if type(node).__name__ == "NativeGroupNormBackward0":
        return inputs, node._saved_result1, node._saved_result2
    grouped = in_float32_at_least(inputs).reshape(len(inputs), module.num_groups, -1)
    variance, mean = torch.var_mean(grouped, -1, correction=0)
    return inputs, mean, (variance + module.eps).rsqrt()


def per_sample(layer: Layer, kept: Kept, grad: Tensor) -> dict[str, Tensor]:
    """Gradients `weight`, `bias`, each `(B, C)`: Σ g x̂ = s (Σ g x − m Σ g), mean m and scale s of a group."""
    inputs, mean, scale = kept
    module = layer.module
    totals = grad.flatten(2).sum(-1)  # (B, C)
    gradients = {}
    if layer.trains("weight"):
        products = (inputs * grad).flatten(2).sum(-1).unflatten(1, (module.num_groups, -1))
        mean, scale = mean.reshape(len(grad), -1, 1), scale.reshape(len(grad), -1, 1)
        gradients["weight"] = (
            (products - mean * totals.unflatten(1, (module.num_groups, -1))).mul_(scale).flatten(1)
        )
    if layer.trains("bias"):
        gradients["bias"] = totals
    return gradients
