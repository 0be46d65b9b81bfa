"""GPT-2: a decoder that predicts the next token from those before it.

Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), section 2.3,
https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf.
The defaults are the smallest of its four sizes.

Shapes: B batch, T tokens, D width, V vocabulary.
"""

from functools import partial

import torch
from torch import Tensor, nn

from .bert import initialize
from .multi_head_attention import KeyValueCache, causal_mask
from .positions import LearnedPositions
from .transformer import Stack

__all__ = ["GPT"]


class GPT(nn.Module):
    """Tokens and places summed, then pre-norm blocks that don't look ahead; one table embeds and decides.

    Args:
        vocabulary: number of different tokens.
        width: D, a multiple of `heads`.
        depth: number of blocks.
        heads: attention heads.
        length: most tokens of a sequence: the context.
        dropout: share dropped.
    """

    def __init__(
        self,
        vocabulary: int = 50_257,
        *,
        width: int = 768,
        depth: int = 12,
        heads: int = 12,
        length: int = 1024,
        dropout: float = 0.1,
    ):
        super().__init__()
        self.width, self.length = width, length
        self.tokens, self.positions = nn.Embedding(vocabulary, width), LearnedPositions(length, width)
        self.dropout = nn.Dropout(dropout)
        gelu = partial(nn.GELU, approximate="tanh")
        self.decoder = Stack(depth, width, heads, dropout=dropout, activation=gelu)
        self.apply(initialize)
        with torch.no_grad():  # what is added to the stream shrinks with the number of additions
            for name, weight in self.decoder.named_parameters():
                if name.endswith(("merge.weight", "feed_forward.layer.2.weight")):
                    weight /= (2 * depth) ** 0.5

    def forward(self, tokens: Tensor, cache: KeyValueCache | None = None) -> Tensor:
        """Logits of the token after each, `(B, T, V)`.

        Args:
            tokens: `(B, T)`; with a cache, only those that it hasn't seen.
            cache: what earlier tokens offer.
        """
        return self.encode(tokens, cache) @ self.tokens.weight.T

    def encode(self, tokens: Tensor, cache: KeyValueCache | None = None) -> Tensor:
        """What each token and those before it mean, `(B, T, D)`."""
        start = cache.advance(tokens.shape[1]) if cache else 0
        mask = causal_mask(tokens.shape[1], start + tokens.shape[1], tokens.device)
        placed = self.dropout(self.tokens(tokens) + self.positions(tokens, start))
        return self.decoder(placed, mask=mask, cache=cache)
