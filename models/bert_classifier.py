"""BERT with a layer on top: what its [CLS] token has gathered decides.

Devlin et al., "BERT" (2019), sections 3.2 and 4.1, https://arxiv.org/abs/1810.04805. The defaults are
BERT-base: made for pretraining on billions of words.
"""

from torch import Tensor, nn

from .bert import BERT, initialize
from .inputs import TextInput
from .network import TextNetwork

__all__ = ["BERTClassifier"]


class BERTClassifier(TextNetwork):
    """BERT, its pooler, dropout and a linear layer.

    Args:
        inputs: vocabulary and length of the lines.
        outputs: number of classes, or 1 for regression.
        width: components of a token, a multiple of `heads`.
        depth: number of blocks.
        heads: attention heads.
        hidden: units of the feed-forward layers; four times the width by default.
        dropout: share dropped.
    """

    def __init__(
        self,
        inputs: TextInput,
        outputs: int,
        *,
        width: int = 768,
        depth: int = 12,
        heads: int = 12,
        hidden: int | None = None,
        dropout: float = 0.1,
    ):
        super().__init__()
        self.width = width
        self.bert = BERT(
            inputs.vocabulary, width=width, depth=depth, heads=heads, hidden=hidden, length=inputs.length,
            dropout=dropout,
        )  # fmt: skip
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(width, outputs)).apply(initialize)

    @property
    def tokens(self) -> nn.Embedding:
        """The vector of each code of the vocabulary."""
        return self.bert.tokens

    def states(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """What each token means among the others, `(B, T, D)`."""
        return self.bert(tokens, lengths=lengths)

    def pool(self, states: Tensor, lengths: Tensor) -> Tensor:
        """What [CLS] has gathered, `(B, D)`."""
        return self.bert.pool(states)
