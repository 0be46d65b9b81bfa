"""LSTM: any number of layers, one or two directions.

Hochreiter & Schmidhuber, "Long Short-Term Memory" (1997); gates in the order of `torch.nn.LSTM`: input,
forget, cell, output. A layer's weights feed one sum a step, W_ih x_t + b_ih + W_hh h_{t-1} + b_hh. So, once
the gradients of the gates before their non-linearities are known at all steps, its gradients are those of a
linear layer over T positions. PyTorch's own LSTM does not show them; this one collects them on its way back.

Shapes: T steps, B samples, d inputs, H units.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..layer import Kept, Layer, Sums, Tap
from ..products import has_onednn, linear, transposed_product
from .recurrent import run_layers

__all__ = ["clipped_sum", "few_steps", "forward", "norms", "per_sample"]


def forward(module: nn.LSTM, tap: Tap, inputs: Tensor, hx: tuple[Tensor, Tensor] | None = None):
    """What the LSTM's own forward gives, told to `tap` on the way."""

    def layer(place: int, weights: dict[str, Tensor], inputs: Tensor, start: tuple[Tensor, ...]):
        bias = weights["bias_ih"] + weights["bias_hh"] if module.bias else None
        projected = F.linear(inputs, weights["weight_ih"], bias)
        if not projected.requires_grad:
            projected.requires_grad_()
        units, cell = _Recurrence.apply(projected, weights["weight_hh"], *start)
        tap(place, (inputs.detach(), start[0].detach(), units.detach()), projected, batch_axis=1)
        return units, cell

    return run_layers(module, layer, inputs, hx)


class _Recurrence(torch.autograd.Function):
    """From `W_ih x + b` at all steps `(T, B, 4H)` to the units `(T, B, H)` and the last cell `(B, H)`.

    Its gradient with respect to the first argument is that of the gates. Temporaries are a step's, not all
    steps': they stay in the cache.
    """

    @staticmethod
    def forward(ctx, projected, recurrent, hidden, cell):
        T, (B, H) = len(projected), hidden.shape
        gates, units = torch.empty_like(projected), projected.new_empty(T, B, H)
        cells, bent = projected.new_empty(T + 1, B, H), projected.new_empty(T, B, H)
        cells[0] = cell
        product = linear if has_onednn(projected) else F.linear
        steps = (part.unbind() for part in (projected, gates, cells[:-1], cells[1:], bent, units))
        for shown, gate, before, after, tanh, unit in zip(*steps, strict=True):
            torch.add(shown, product(hidden, recurrent), out=gate)
            # tanh(x) = 2 sigmoid(2x) − 1: one vectorized sigmoid a step costs half of what tanh does.
            i, f, g, o = gate.chunk(4, dim=1)
            g.mul_(2.0)
            gate.sigmoid_()
            g.mul_(2.0).sub_(1.0)
            torch.mul(f, before, out=after).addcmul_(i, g)
            torch.mul(after, 2.0, out=tanh).sigmoid_().mul_(2.0).sub_(1.0)
            hidden = torch.mul(o, tanh, out=unit)
        ctx.save_for_backward(recurrent, gates, cells, bent)
        return units, cells[T].clone()

    @staticmethod
    def backward(ctx, d_units, d_cell):
        recurrent, gates, cells, bent = ctx.saved_tensors
        transposed = recurrent.t().contiguous()  # (H, 4H)
        product = linear if has_onednn(gates) else F.linear
        through = torch.ops.aten
        d_gates, d_cell = torch.empty_like(gates), d_cell.clone()
        d_hidden = torch.zeros_like(d_cell)
        steps = (part.unbind()[::-1] for part in (d_units, gates, d_gates, cells[:-1], bent))
        for d_unit, gate, d_gate, before, tanh in zip(*steps, strict=True):
            i, f, g, o = gate.chunk(4, dim=1)
            d_i, d_f, d_g, d_o = d_gate.chunk(4, dim=1)
            d_hidden = d_hidden + d_unit
            d_cell.add_(through.tanh_backward(d_hidden * o, tanh))
            through.sigmoid_backward(d_cell * g, i, grad_input=d_i)
            through.sigmoid_backward(d_cell * before, f, grad_input=d_f)
            through.tanh_backward(d_cell * i, g, grad_input=d_g)
            through.sigmoid_backward(d_hidden.mul_(tanh), o, grad_input=d_o)
            d_cell.mul_(f)
            d_hidden = product(d_gate, transposed)
        return d_gates, None, d_hidden, d_cell


def norms(layer: Layer, kept: Kept, grad: Tensor) -> tuple[Tensor, Kept]:
    """Squared norms `(B,)` from gates' gradients `(B, T, 4H)`, by products of steps."""
    inputs, before = as_rows(kept)
    products = torch.bmm(grad, grad.mT)
    similar = torch.full_like(products, float(layer.trains("bias_ih") + layer.trains("bias_hh")))
    if layer.trains("weight_ih"):
        similar.baddbmm_(inputs, inputs.mT)
    if layer.trains("weight_hh"):
        similar.baddbmm_(before, before.mT)
    return products.mul_(similar).sum((1, 2)).clamp_(min=0.0), (inputs, before, grad)


def clipped_sum(layer: Layer, kept: Kept, coefficients: Tensor, sums: Sums) -> None:
    """One product over all samples and steps, for both weights together."""
    # Back in the order of steps, in which the tensors lie in memory.
    inputs, before, grad = (part.transpose(0, 1) for part in kept)
    weighted = (grad * coefficients.view(1, -1, 1)).flatten(0, 1)
    seen = torch.cat([inputs, before], dim=-1).flatten(0, 1)  # (T B, d + H)
    total = transposed_product(weighted, seen) if has_onednn(weighted) else weighted.t() @ seen
    parts = total.split((inputs.shape[-1], before.shape[-1]), dim=1)
    for name, part in zip(("weight_ih", "weight_hh"), parts, strict=True):
        if layer.trains(name):
            sums[name].add_(part)
    for name in ("bias_ih", "bias_hh"):
        if layer.trains(name):
            sums[name].add_(weighted.sum(0))


def per_sample(layer: Layer, kept: Kept, grad: Tensor) -> dict[str, Tensor]:
    """Gradients `weight_ih (B, 4H, d)`, `weight_hh (B, 4H, H)`, and those of the biases `(B, 4H)`."""
    inputs, before = as_rows(kept)
    gradients = {}
    if layer.trains("weight_ih"):
        gradients["weight_ih"] = torch.bmm(grad.mT, inputs)
    if layer.trains("weight_hh"):
        gradients["weight_hh"] = torch.bmm(grad.mT, before)
    for name in ("bias_ih", "bias_hh"):
        if layer.trains(name):
            gradients[name] = grad.sum(1)
    return gradients


def few_steps(layer: Layer, kept: Kept, grad: Tensor) -> bool:
    """Whether products of steps are smaller than the weights."""
    inputs, _, units = kept
    return 2 * grad.shape[1] ** 2 < (inputs.shape[-1] + units.shape[-1]) * grad.shape[-1]


def as_rows(kept: Kept) -> tuple[Tensor, Tensor]:
    """Inputs `(B, T, d)` and the units before each step `(B, T, H)`."""
    inputs, start, units = kept
    before = torch.cat([start.unsqueeze(0), units[:-1]])
    return inputs.transpose(0, 1), before.transpose(0, 1)
