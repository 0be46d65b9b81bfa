"""Causal language modelling: guess each token from those before it.

Radford et al., "Improving Language Understanding by Generative Pre-Training" (2018), section 3.1, equation 1,
https://cdn.openai.com/research-covers/language-unsupervised/language_understanding_paper.pdf

Shapes: B batch, T tokens, K tokens that follow another, of all lines, V vocabulary.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .inputs import PAD
from .network import TextNetwork, trimmed

__all__ = ["CausalLanguage"]


class CausalLanguage(nn.Module):
    """Cross-entropy of each next token; the table of tokens gives the logits too, so nothing is thrown away.

    Args:
        network: its states, which mustn't look ahead, are what is learned.
    """

    def __init__(self, network: TextNetwork):
        super().__init__()
        self.network = network

    def forward(
        self,
        inputs: tuple[Tensor, ...],
        target: Tensor | None = None,
        weight: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Mean loss of the tokens of lines `(B, T)` but the first, in nats; 0 where there are no others."""
        tokens, lengths = trimmed(inputs[0])
        following = tokens[:, 1:]
        there = following != PAD
        states = self.network.states(tokens, lengths)[:, :-1][there]  # (K, width)
        logits = states @ self.network.tokens.weight.T
        losses = F.cross_entropy(logits.float(), following[there], reduction="sum")
        return losses / there.sum().clamp(min=1)
