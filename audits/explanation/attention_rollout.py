"""Attention rollout: how much of each token reaches the output, layer after layer.

    R = Π_layers (½ mean over heads A + ½ I)      (residual streams carry half: the paper's equation 1)

Abnar & Zuidema, "Quantifying Attention Flow in Transformers" (2020), section 3,
https://arxiv.org/abs/2005.00928. Attention is computed again from what each layer was given: a network that
isn't explained pays nothing.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...models.attention import SelfAttention
from .outputs import slices

__all__ = ["has_attention", "layers", "rollout", "to_cells", "to_columns"]

_ROWS_AT_ONCE = 64


def has_attention(module: Any) -> bool:
    """Does the network have attention that can be read?"""
    return isinstance(module, nn.Module) and any(isinstance(m, SelfAttention) for m in module.modules())


def layers(module: nn.Module, inputs: tuple[Tensor, ...]) -> Tensor:
    """Attention of every layer, `(layers, rows, heads, tokens, tokens)`; each line adds up to 1."""
    seen: list[Tensor] = []

    def note(layer: SelfAttention, given: tuple[Tensor, ...], _: Tensor) -> None:
        seen.append(layer.weights(given[0]))

    hooks = [m.register_forward_hook(note) for m in module.modules() if isinstance(m, SelfAttention)]
    try:
        with torch.no_grad():
            module(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return torch.stack(seen)


def rollout(attention: Tensor) -> Tensor:
    """From each token of the last layer to each of the first, `(rows, tokens, tokens)`.

    Args:
        attention: `(layers, rows, heads, tokens, tokens)`.
    """
    mixed = (attention.mean(dim=2) + torch.eye(attention.shape[-1])) / 2
    reached = mixed[0]
    for layer in mixed[1:]:
        reached = layer @ reached
    return reached


def to_columns(module: nn.Module, inputs: tuple[Tensor, ...]) -> np.ndarray:
    """What reaches the last token, which the decision is read from, of each other token: `(rows, tokens)`."""
    found = [rollout(layers(module, part))[:, -1, :-1] for part in slices(*inputs, batch=_ROWS_AT_ONCE)]
    return torch.cat(found).double().numpy()


def to_cells(module: Any, images: Tensor) -> np.ndarray:
    """What reaches the average of the last tokens, of each patch: `(rows, h, w)`."""
    found = [rollout(layers(module, (part,))).mean(dim=1) for (part,) in slices(images, batch=_ROWS_AT_ONCE)]
    return torch.cat(found).unflatten(1, module.grid).numpy()


def heads(module: Any, images: Tensor) -> np.ndarray:
    """How much every head of every layer looks at each patch, on average: `(rows, layers, heads, h, w)`."""
    found = layers(module, (images,)).mean(dim=3).transpose(0, 1)  # (rows, layers, heads, tokens)
    return found.unflatten(3, module.grid).numpy()
