"""Layer and RMS norms: y = w x̂ + b, normalized over the last dimensions.

A sample's gradients are Σ_t g_t x̂_t and Σ_t g_t over its positions. Ba et al. (2016),
https://arxiv.org/abs/1607.06450; Zhang & Sennrich (2019), https://arxiv.org/abs/1910.07467
"""

from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from ..layer import Kept, Layer, in_float32_at_least

__all__ = ["keep_layer_norm", "keep_rms_norm", "per_sample"]


def keep_layer_norm(module: nn.LayerNorm, args: tuple[Any, ...], output: Tensor) -> Kept:
    """Input `(B, …, *normalized)`, mean and 1 / deviation `(B, …)`: autograd's own, if to be had."""
    inputs, axes = args[0].detach(), tuple(range(-len(module.normalized_shape), 0))
    node: Any = output.grad_fn
    if type(node).__name__ == "NativeLayerNormBackward0":
        return inputs, node._saved_result1, node._saved_result2
    variance, mean = torch.var_mean(in_float32_at_least(inputs), axes, correction=0, keepdim=True)
    return inputs, mean, (variance + module.eps).rsqrt()


def keep_rms_norm(module: nn.RMSNorm, args: tuple[Any, ...], output: Tensor) -> Kept:
    """Input, no mean, and 1 / root mean square."""
    inputs, axes = args[0].detach(), tuple(range(-len(module.normalized_shape), 0))
    eps = torch.finfo(inputs.dtype).eps if module.eps is None else module.eps
    return inputs, None, in_float32_at_least(inputs).square().mean(axes, keepdim=True).add_(eps).rsqrt_()


def per_sample(layer: Layer, kept: Kept, grad: Tensor) -> dict[str, Tensor]:
    """Gradients `weight` and `bias`, each `(B, *normalized)`.

    Σ_t g x̂ = Σ_t s_t (g x)_t − Σ_t (s m)_t g_t with mean m and scale s: small products in place of x̂.
    """
    inputs, mean, scale = kept
    shape = layer.module.normalized_shape
    B, n = len(grad), prod(shape)
    inputs, grad = inputs.reshape(B, -1, n), grad.reshape(B, -1, n)  # (B, T, n)
    gradients = {}
    if layer.trains("weight"):
        scale = scale.reshape(B, 1, -1)
        total = torch.bmm(scale, grad * inputs)
        if mean is not None:
            total.sub_(torch.bmm(scale * mean.reshape(B, 1, -1), grad))
        gradients["weight"] = total.reshape(B, *shape)
    if layer.trains("bias"):
        gradients["bias"] = grad.sum(1).reshape(B, *shape)
    return gradients
