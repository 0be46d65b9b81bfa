"""Masked language modelling: guess the tokens that were hidden, from both sides.

Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding" (2019),
section 3.1, task 1, https://arxiv.org/abs/1810.04805. A token stands for nothing in training with labels if
it is only ever [MASK]: so a tenth of the chosen become another token, and a tenth stay.

Shapes: B batch, T tokens, K chosen tokens of all lines, V vocabulary.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .bert import MaskedLanguageHead
from .inputs import MASK, SPECIAL_TOKENS
from .network import TextNetwork, trimmed

__all__ = ["MaskedLanguage", "hide"]

_HIDDEN, _REPLACED = 0.8, 0.1


class MaskedLanguage(nn.Module):
    """Cross-entropy of the chosen tokens, guessed from their states by a head that is thrown away.

    Args:
        network: its states are what is learned.
        masked: share of the tokens that is chosen.
    """

    def __init__(self, network: TextNetwork, *, masked: float = 0.15):
        super().__init__()
        if not 0 < masked < 1:
            raise ValueError(f"masked: got {masked}, expected a share between 0 and 1")
        self.network, self.masked = network, masked
        self.decoder = MaskedLanguageHead(network)

    def forward(
        self,
        inputs: tuple[Tensor, ...],
        target: Tensor | None = None,
        weight: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Mean loss of the chosen tokens of lines `(B, T)`, in nats; 0 where chance chose none."""
        tokens, lengths = trimmed(inputs[0])
        seen, chosen = hide(tokens, self.masked, self.network.tokens.num_embeddings, generator)
        states = self.network.states(seen, lengths)[chosen]  # (K, width)
        losses = F.cross_entropy(self.decoder(states).float(), tokens[chosen], reduction="sum")
        return losses / chosen.sum().clamp(min=1)


def hide(
    tokens: Tensor, share: float, vocabulary: int, generator: torch.Generator | None
) -> tuple[Tensor, Tensor]:
    """Choose tokens; of these 80% become [MASK], 10% any token that is no special one, and 10% stay.

    Args:
        tokens: codes `(B, T)`; special ones are never chosen.
        share: chance of each other token to be chosen.
        vocabulary: number of codes.
        generator: where the draws come from.

    Returns:
        The lines as they are seen, `(B, T)`, and where a token was chosen, `(B, T)` bool.
    """
    device, words = tokens.device, len(SPECIAL_TOKENS)
    source = generator.device if generator is not None else device
    chance, fate = (torch.rand(tokens.shape, generator=generator, device=source).to(device) for _ in range(2))
    others = torch.randint(words, vocabulary, tokens.shape, generator=generator, device=source).to(device)
    chosen = (chance < share) & (tokens >= words)
    replaced = torch.where(fate < _HIDDEN + _REPLACED, others, tokens)
    seen = torch.where(fate < _HIDDEN, MASK, replaced)
    return torch.where(chosen, seen, tokens), chosen
