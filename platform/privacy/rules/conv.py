"""Convolutions in one and two dimensions: any stride, dilation, padding and number of groups.

Three ways to the gradient of a sample, each the fastest somewhere:

- *windows*: the patches that the filter has seen, `(L, K)` with L positions and K inputs a filter, times the
  gradient `(p, L)`; in chunks of samples that fit the cache. Many channels, small maps.
- *grouped*: all samples' weight gradients as one convolution with a group a sample (Rochette et al. 2019,
  https://arxiv.org/abs/1912.06015). Few channels, large maps.
- *ghost*: products of patches and of gradients (Bu et al. 2022, https://arxiv.org/abs/2205.10683): holds no
  gradient a sample, so it is what remains where those would not fit into memory.

A one-dimensional convolution is a two-dimensional one of height 1.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..layer import Kept, Layer, Sums, sum_of_squares

__all__ = [
    "ghost_clipped_sum",
    "ghost_norms",
    "large_maps",
    "per_sample_grouped",
    "windows_clipped_sum",
    "windows_norms",
]

CHUNK = 1 << 18
"""Numbers a chunk of patches holds: 1 MiB, so that the product finds them in the cache."""


@dataclass(frozen=True)
class Geometry:
    """A convolution's settings, in two dimensions."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    groups: int


def geometry(module: nn.Conv1d | nn.Conv2d) -> Geometry:
    """The settings; a one-dimensional convolution gets a first dimension of 1."""

    def two(numbers: tuple[int, ...]) -> tuple[int, int]:
        return (1, *numbers) if len(numbers) == 1 else numbers  # type: ignore[return-value]

    return Geometry(two(module.kernel_size), two(module.stride), two(module.dilation), module.groups)


def planes(
    module: nn.Conv1d | nn.Conv2d, inputs: Tensor, grad: Tensor
) -> tuple[Tensor, Tensor, tuple[int, int]]:
    """Inputs `(B, C, H, W)`, gradients `(B, p, h, w)`, and the zeros that are still to be added a side."""
    around = module._reversed_padding_repeated_twice  # (left, right, top, bottom)
    if isinstance(module, nn.Conv1d):
        inputs, grad, around = inputs.unsqueeze(2), grad.unsqueeze(2), [*around, 0, 0]
    if module.padding_mode == "zeros" and around[0] == around[1] and around[2] == around[3]:
        return inputs, grad, (around[2], around[0])
    mode = "constant" if module.padding_mode == "zeros" else module.padding_mode
    if isinstance(module, nn.Conv1d) and mode != "constant":
        return F.pad(inputs.squeeze(2), around[:2], mode=mode).unsqueeze(2), grad, (0, 0)
    return F.pad(inputs, around, mode=mode), grad, (0, 0)


def per_sample_grouped(layer: Layer, inputs: Tensor, grad: Tensor) -> dict[str, Tensor]:
    """Gradients `weight (B, *weight)` and `bias (B, p)`, all samples as the groups of one convolution."""
    gradients = {}
    if layer.trains("bias"):
        gradients["bias"] = grad.flatten(2).sum(-1)
    if layer.trains("weight"):
        form, weight = geometry(layer.module), layer.parameters["weight"]
        inputs, grad, padding = planes(layer.module, inputs, grad)
        B, groups = len(grad), len(grad) * form.groups
        filters = weight.detach().reshape(len(weight), -1, *form.kernel)
        gradients["weight"] = torch.ops.aten.convolution_backward(
            grad.reshape(1, -1, *grad.shape[2:]),
            inputs.reshape(1, -1, *inputs.shape[2:]),
            filters.expand(B, *filters.shape).reshape(-1, *filters.shape[1:]),
            None, form.stride, padding, form.dilation, False, (0, 0), groups, (False, True, False),
        )[1].reshape(B, *weight.shape)  # fmt: skip
    return gradients


def windows_norms(layer: Layer, inputs: Tensor, grad: Tensor) -> tuple[Tensor, Kept]:
    """Squared norms `(B,)`; keeps weights' gradients as `(B, groups, p / groups, kh kw C / groups)`."""
    gradients = {}
    if layer.trains("bias"):
        gradients["bias"] = grad.flatten(2).sum(-1)
    if layer.trains("weight"):
        patches, grad = patches_and_grad(layer, inputs, grad)
        gradients["weight"] = torch.cat(
            [torch.matmul(part, patch) for patch, part in in_chunks(patches, grad)]
        )
    return sum_of_squares(gradients), gradients


def windows_clipped_sum(layer: Layer, gradients: dict[str, Tensor], coefficients: Tensor, sums: Sums) -> None:
    """Weigh the kept gradients, and turn the sum from `(…, kh, kw, C)` to `(…, C, kh, kw)`."""
    if "bias" in gradients:
        sums["bias"].addmv_(gradients["bias"].t(), coefficients)
    if "weight" in gradients:
        total = torch.mv(gradients["weight"].flatten(1).t(), coefficients)
        target = sums["weight"]
        filters = total.view(len(target), *geometry(layer.module).kernel, -1).permute(0, 3, 1, 2)
        target.add_(filters.reshape(target.shape))


def ghost_norms(layer: Layer, inputs: Tensor, grad: Tensor) -> tuple[Tensor, Kept]:
    """Squared norms `(B,)`: products of patches times products of gradients, summed."""
    squares = grad.new_zeros(len(grad))
    if layer.trains("bias"):
        squares += grad.flatten(2).sum(-1).square().sum(1)
    if layer.trains("weight"):
        patches, by_group = patches_and_grad(layer, inputs, grad)
        parts = []
        for patch, part in in_chunks(patches, by_group):
            products = torch.matmul(patch, patch.mT).mul_(torch.matmul(part.mT, part))
            parts.append(products.sum((1, 2, 3)))
        squares += torch.cat(parts).clamp_(min=0.0)
    return squares, (inputs, grad)


def ghost_clipped_sum(layer: Layer, kept: Kept, coefficients: Tensor, sums: Sums) -> None:
    """The ordinary weight gradient of the weighted output gradients."""
    inputs, grad = kept
    weighted = grad * coefficients.view(-1, *[1] * (grad.dim() - 1))
    if layer.trains("bias"):
        sums["bias"].add_(weighted.sum((0, *range(2, grad.dim()))))
    if layer.trains("weight"):
        form, weight = geometry(layer.module), layer.parameters["weight"]
        inputs, weighted, padding = planes(layer.module, inputs, weighted)
        total = torch.ops.aten.convolution_backward(
            weighted, inputs, weight.detach().reshape(len(weight), -1, *form.kernel),
            None, form.stride, padding, form.dilation, False, (0, 0), form.groups, (False, True, False),
        )[1]  # fmt: skip
        sums["weight"].add_(total.reshape(weight.shape))


def patches_and_grad(layer: Layer, inputs: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
    """Patches `(B, h, w, kh, kw, groups, C / groups)`, a view; gradients `(B, groups, p / groups, L)`."""
    form = geometry(layer.module)
    inputs, grad, (top, left) = planes(layer.module, inputs, grad)
    last = inputs.permute(0, 2, 3, 1)
    last = F.pad(last, (0, 0, left, left, top, top)) if top or left else last.contiguous()
    B, _, _, C = last.shape
    b, row, column, channel = last.stride()
    per_group = C // form.groups
    shape = (B, *grad.shape[2:], *form.kernel, form.groups, per_group)
    steps = (row * form.stride[0], column * form.stride[1], row * form.dilation[0], column * form.dilation[1])
    patches = last.as_strided(shape, (b, *steps, channel * per_group, channel))
    return patches, grad.reshape(B, form.groups, -1, grad.shape[2] * grad.shape[3])


def in_chunks(patches: Tensor, grad: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield patches `(n, groups, L, K)`, and gradients `(n, groups, p / groups, L)`, n samples each."""
    _, h, w, kh, kw, groups, per_group = patches.shape
    size = max(1, CHUNK // (h * w * kh * kw * groups * per_group))
    for patch, part in zip(patches.split(size), grad.split(size), strict=True):
        by_group = patch if groups == 1 else patch.permute(0, 5, 1, 2, 3, 4, 6)
        yield by_group.reshape(len(patch), groups, h * w, kh * kw * per_group), part


def large_maps(layer: Layer, inputs: Tensor, grad: Tensor) -> bool:
    """Whether positions outnumber a filter's weights: where *grouped* tends to be faster than *windows*."""
    filters = layer.parameters["weight"][0].numel()
    return grad[0, 0].numel() > 4 * filters
