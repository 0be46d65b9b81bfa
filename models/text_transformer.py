"""A small transformer encoder for texts that learns on two cores.

Vaswani et al., "Attention Is All You Need" (2017), section 3.1, https://arxiv.org/abs/1706.03762, with norms
before each layer, so that it trains without warm-up, and the average of all tokens where BERT reads [CLS]:
with few texts the average starts out as a bag of words, which is a good guess already.
"""

from torch import Tensor, nn

from .bert import initialize
from .inputs import TextInput
from .multi_head_attention import padding_mask
from .network import TextNetwork
from .pooling import POOLS
from .positions import positions
from .transformer import Stack
from .unknown import UnknownNameError

__all__ = ["TextTransformer"]


class TextTransformer(TextNetwork):
    """Tokens and their places, pre-norm blocks that see both sides, one vector a line, a linear head.

    Args:
        inputs: vocabulary and length of the lines.
        outputs: number of classes, or 1 for regression.
        width: components of a token, a multiple of `heads`.
        depth: number of blocks.
        heads: attention heads.
        hidden: units of the feed-forward layers; four times the width by default.
        dropout: share of embedded components and of layers' outputs dropped.
        attention_dropout: share of attention weights dropped; at 0 a step on a CPU takes little more than
            half the time.
        position: `learned` or `sinusoidal`.
        pool: `mean`, `max`, `first` or `last`.
    """

    def __init__(
        self,
        inputs: TextInput,
        outputs: int,
        *,
        width: int = 128,
        depth: int = 2,
        heads: int = 4,
        hidden: int | None = None,
        dropout: float = 0.1,
        attention_dropout: float = 0.0,
        position: str = "learned",
        pool: str = "mean",
    ):
        super().__init__()
        if pool not in POOLS:
            raise UnknownNameError("pool", pool, POOLS)
        self.width, self.pooled = width, pool
        self.tokens = nn.Embedding(inputs.vocabulary, width)
        self.positions, self.dropout = positions(position, inputs.length, width), nn.Dropout(dropout)
        self.encoder = Stack(
            depth, width, heads, hidden=hidden, dropout=dropout, attention_dropout=attention_dropout,
            activation=nn.GELU,
        )  # fmt: skip
        self.head = nn.Linear(width, outputs)
        self.apply(initialize)

    def states(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """What each token means among the others, `(B, T, D)`."""
        placed = self.dropout(self.tokens(tokens) + self.positions(tokens))
        return self.encoder(placed, mask=padding_mask(lengths, tokens.shape[1]))

    def pool(self, states: Tensor, lengths: Tensor) -> Tensor:
        """One vector a line, `(B, D)`."""
        return POOLS[self.pooled](states, lengths)
