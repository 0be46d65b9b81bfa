"""Expected gradients: integrated gradients averaged over background rows, by sampling.

    φ_j = E_b,α [ (x_j - b_j) ∂F(b + α (x - b)) / ∂x_j ],   b from the background, α uniform in [0, 1]

Erion et al., "Improving performance of deep learning models with axiomatic attribution priors and expected
gradients" (2021), section 3, https://arxiv.org/abs/1906.10670. Every background row is taken equally often
and α lies in strata, one a draw: the same mean as with independent draws, and less noise.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..outputs import batched, log_odds, slices

__all__ = ["gradient_shap"]

DRAWS = 64
_ROWS_AT_ONCE = 16


def gradient_shap(
    module: Any,
    inputs: tuple[Tensor, ...],
    background: tuple[Tensor, ...],
    target: Tensor,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> np.ndarray:
    """Shares of the log-odds of a class (regression: of the output) by token, `(rows, tokens)`.

    Args:
        module: has `tokens(*inputs)` -> `(rows, tokens, width)` and `from_tokens(tokens)` -> logits.
        inputs: what the network takes, of the rows to explain.
        background: the same, of the rows to start from.
        target: codes `(rows,)`.
        draws: background rows and points on the way of each row.
        seed: of both.
    """
    tokens, others = batched(module.tokens, *inputs), batched(module.tokens, *background)
    generator = torch.Generator().manual_seed(seed)
    shares = []
    for part, codes in slices(tokens, target, batch=_ROWS_AT_ONCE):
        start, way = _draw(len(part), draws, len(others), generator)
        step = part[:, None] - others[start]  # (rows, draws, tokens, width)
        points = (others[start] + way[..., None, None] * step).flatten(0, 1).requires_grad_()
        outputs = log_odds(module.from_tokens(points), codes.repeat_interleave(draws))
        (slope,) = torch.autograd.grad(outputs.sum(), points)
        shares.append((slope.view_as(step) * step).sum(dim=3).mean(dim=1))
    return torch.cat(shares).double().numpy()


def _draw(rows: int, draws: int, others: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Background rows and points on the way, `(rows, draws)` each."""
    rounds = -(-draws // others)
    start = torch.rand(rows, rounds, others, generator=generator).argsort(dim=2).flatten(1)[:, :draws]
    strata = torch.rand(rows, draws, generator=generator).argsort(dim=1)
    return start, (strata + torch.rand(rows, draws, generator=generator)) / draws
