"""Token dropout: texts that lack some of their tokens, so that none is relied on alone.

Bowman et al., "Generating Sentences from a Continuous Space" (2016), section 3.1, word dropout,
https://arxiv.org/abs/1511.06349
"""

import torch
from torch import Tensor

from ...models.inputs import SPECIAL_TOKENS, UNKNOWN
from .draws import uniform

__all__ = ["drop_tokens"]


def drop_tokens(tokens: Tensor, generator: torch.Generator | None = None, *, share: float) -> Tensor:
    """Each token becomes [UNK] by a draw of its own; places stay, and so do special tokens.

    Args:
        tokens: codes `(batch, length)`.
        generator: where the draws come from.
        share: chance of a token to be dropped.

    Returns:
        Codes of the same shape.
    """
    chance = uniform(tuple(tokens.shape), 0.0, 1.0, generator).to(tokens.device)
    dropped = (chance < share) & (tokens >= len(SPECIAL_TOKENS))
    return torch.where(dropped, UNKNOWN, tokens)
