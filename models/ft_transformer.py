"""FT-Transformer: every column is a token, and columns attend to one another.

Gorishniy et al., "Revisiting Deep Learning Models for Tabular Data" (2021), section 3.3 and appendix E,
https://arxiv.org/abs/2106.11959

The paper's default is width 192, 3 blocks, 8 heads, attention dropout 0.2, feed-forward dropout 0.1 and
numbers as `linear`. Ours is narrower, so that it trains on two cores, and encodes numbers by bins.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .attention import SelfAttention
from .feature_tokens import FeatureTokens
from .inputs import TabularInput
from .network import TabularNetwork

__all__ = ["FTTransformer"]


class FTTransformer(TabularNetwork):
    """Tokens and a [CLS] token through pre-norm transformer blocks; the prediction is read from [CLS].

    Args:
        inputs: the table's shape.
        outputs: number of classes, or 1 for regression.
        width: components of a token, a multiple of `heads`.
        depth: number of blocks.
        heads: attention heads.
        hidden: components inside the feed-forward layer, as a multiple of `width`.
        attention_dropout: share of attention weights dropped.
        dropout: share of feed-forward units dropped.
        encoding: how numbers are encoded: `piecewise_linear`, `periodic` or `linear`.
    """

    def __init__(
        self,
        inputs: TabularInput,
        outputs: int,
        *,
        width: int = 64,
        depth: int = 2,
        heads: int = 4,
        hidden: float = 4 / 3,
        attention_dropout: float = 0.2,
        dropout: float = 0.1,
        encoding: str = "piecewise_linear",
    ):
        super().__init__()
        self.width = width
        self.embedding = FeatureTokens(inputs, width, encoding, relu=False)
        self.numeric, bound = inputs.numeric, width**-0.5
        self.category_bias = nn.Parameter(
            torch.empty(len(inputs.cardinalities), width).uniform_(-bound, bound)
        )
        self.cls = nn.Parameter(torch.empty(width).uniform_(-bound, bound))
        self.blocks = nn.Sequential(
            *(
                Block(width, heads, int(hidden * width), attention_dropout, dropout, first=position == 0)
                for position in range(depth)
            )
        )
        self.head = nn.Sequential(nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, outputs))

    def embed(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        """Tokens `(batch, features, width)`."""
        bias = F.pad(self.category_bias, (0, 0, self.numeric, 0))  # embedded numbers have theirs already
        return self.embedding(numeric, categorical) + bias

    def trunk(self, embedded: Tensor) -> Tensor:
        """The [CLS] token after the last block, `(batch, width)`, from tokens `(batch, features, width)`."""
        cls = self.cls.expand(len(embedded), 1, -1)
        return self.blocks(torch.cat([embedded, cls], dim=1))[:, -1]


class Block(nn.Module):
    """Pre-norm attention and ReGLU feed-forward, each added to the residual stream.

    The first block has no norm before its attention: the paper found it easier to train so (section 3.3).
    """

    def __init__(
        self, width: int, heads: int, hidden: int, attention_dropout: float, dropout: float, *, first: bool
    ):
        super().__init__()
        self.attention_norm = nn.Identity() if first else nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads, attention_dropout)
        self.feed_forward_norm = nn.LayerNorm(width)
        self.expand = nn.Linear(width, 2 * hidden)
        self.dropout = nn.Dropout(dropout)
        self.contract = nn.Linear(hidden, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map `(batch, tokens, width)` to the same shape."""
        tokens = tokens + self.attention(self.attention_norm(tokens))
        value, gate = self.expand(self.feed_forward_norm(tokens)).chunk(2, dim=-1)
        return tokens + self.contract(self.dropout(value * F.relu(gate)))  # ReGLU, Shazeer (2020)
