"""Integrated gradients: shares of one prediction by column, which add up to it.

    attribution_j = (x_j - b_j) · ∫₀¹ ∂F(b + α (x - b)) / ∂x_j dα      (the paper's equation 1)

Sundararajan et al., "Axiomatic Attribution for Deep Networks" (2017), https://arxiv.org/abs/1703.01365; the
integral by captum's Gauss-Legendre rule. A column enters a network as a token (a vector), so that categories
have a straight path too; its share is the sum over its token.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from captum.attr import IntegratedGradients
from torch import Tensor

from .outputs import batched, log_odds, slices

STEPS = 16
_ROWS_AT_ONCE = 64


@dataclass(frozen=True)
class Attributions:
    """Shares of predictions."""

    values: np.ndarray
    """`(rows, features)`: shares of F(x) - F(baseline)."""
    gap: np.ndarray
    """`(rows,)`: their sum minus F(x) - F(baseline); 0 were the integral exact (completeness)."""
    change: np.ndarray
    """`(rows,)`: F(x) - F(baseline)."""


def mean_tokens(module: Any, background: tuple[Tensor, ...]) -> Tensor:
    """The baseline: the average token of each column over train rows, `(1, features, width)`."""
    return batched(module.tokens, *background).mean(dim=0, keepdim=True)


def attribute(module: Any, inputs: tuple[Tensor, ...], baseline: Tensor, target: Tensor) -> Attributions:
    """Attribute the log-odds of a class (regression: the output) to columns.

    Args:
        module: has `tokens(*inputs)` -> `(rows, features, width)` and `from_tokens(tokens)` -> logits.
        inputs: what the network takes.
        baseline: tokens to start from, `(1, features, width)`.
        target: codes `(rows,)`.
    """

    def output(tokens: Tensor, target: Tensor) -> Tensor:
        return log_odds(module.from_tokens(tokens), target)

    method = IntegratedGradients(output, multiply_by_inputs=True)
    tokens, shares = batched(module.tokens, *inputs), []
    for part, codes in slices(tokens, target, batch=_ROWS_AT_ONCE):
        steps = method.attribute(part, baseline, n_steps=STEPS, additional_forward_args=(codes,))
        shares.append(steps.detach().sum(dim=2))
    values = torch.cat(shares)
    at_rows = batched(output, tokens, target)
    at_baseline = batched(output, baseline.expand(len(target), -1, -1), target)
    change = at_rows - at_baseline
    return Attributions(values.double().numpy(), (values.sum(dim=1) - change).numpy(), change.numpy())
