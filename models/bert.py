"""BERT: an encoder that sees both sides of each token.

Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding" (2019),
section 3, https://arxiv.org/abs/1810.04805. The defaults are BERT-base.

Shapes: B batch, T tokens, D width, V vocabulary.
"""

from torch import Tensor, nn

from .multi_head_attention import padding_mask
from .network import TextNetwork
from .positions import LearnedPositions
from .transformer import Stack

__all__ = ["BERT", "MaskedLanguageHead"]

_EPSILON = 1e-12


class BERT(nn.Module):
    """Tokens, places and segments summed and normalized, then post-norm blocks.

    Args:
        vocabulary: number of different tokens.
        width: D, a multiple of `heads`.
        depth: number of blocks.
        heads: attention heads.
        hidden: units of the feed-forward layers; four times the width by default.
        length: most tokens of a sequence.
        segments: number of texts that one sequence can hold side by side.
        dropout: share dropped.
    """

    def __init__(
        self,
        vocabulary: int = 30_522,
        *,
        width: int = 768,
        depth: int = 12,
        heads: int = 12,
        hidden: int | None = None,
        length: int = 512,
        segments: int = 2,
        dropout: float = 0.1,
    ):
        super().__init__()
        self.width = width
        self.tokens, self.segments = nn.Embedding(vocabulary, width), nn.Embedding(segments, width)
        self.positions = LearnedPositions(length, width)
        self.norm, self.dropout = nn.LayerNorm(width, _EPSILON), nn.Dropout(dropout)
        self.encoder = Stack(
            depth, width, heads, hidden=hidden, norm="post", dropout=dropout, activation=nn.GELU,
            epsilon=_EPSILON,
        )  # fmt: skip
        self.pooler = nn.Sequential(nn.Linear(width, width), nn.Tanh())
        self.apply(initialize)

    def forward(
        self, tokens: Tensor, segments: Tensor | None = None, lengths: Tensor | None = None
    ) -> Tensor:
        """What each token means among the others, `(B, T, D)`.

        Args:
            tokens: `(B, T)`, the first of each line being [CLS].
            segments: which text each token is of, `(B, T)`; by default all of the first.
            lengths: true lengths `(B,)`; what lies behind isn't looked at, and what comes out there means
                nothing.
        """
        segments = tokens.new_zeros(tokens.shape) if segments is None else segments
        summed = self.tokens(tokens) + self.positions(tokens) + self.segments(segments)
        mask = None if lengths is None else padding_mask(lengths, tokens.shape[1])
        return self.encoder(self.dropout(self.norm(summed)), mask=mask)

    def pool(self, states: Tensor) -> Tensor:
        """One vector a line, `(B, D)`, made of its [CLS] token."""
        return self.pooler(states[:, 0])


class MaskedLanguageHead(nn.Module):
    """Which token was masked? Logits `(…, V)` from states `(…, D)` (section 3.1, task 1).

    Args:
        network: whose table of tokens gives the logits too.
    """

    def __init__(self, network: BERT | TextNetwork):
        super().__init__()
        width = network.width
        self.transform = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width, _EPSILON))
        self.decode = nn.Linear(width, network.tokens.num_embeddings)
        self.apply(initialize)
        self.decode.weight = network.tokens.weight

    def forward(self, states: Tensor) -> Tensor:
        """Logits of every token at every place."""
        return self.decode(self.transform(states))


def initialize(module: nn.Module) -> None:
    """Weights from a normal of deviation 0.02, biases zero, as BERT and GPT-2 start."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)
