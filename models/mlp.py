"""A multilayer perceptron over embedded columns: the tabular network to try first.

Gorishniy et al., "On Embeddings for Numerical Features in Tabular Deep Learning" (2022), section 4,
https://arxiv.org/abs/2203.05556
"""

from itertools import pairwise

from torch import Tensor, nn

from .activations import activation as make_activation
from .feature_tokens import FeatureTokens
from .inputs import TabularInput
from .network import TabularNetwork

__all__ = ["MLP"]


class MLP(TabularNetwork):
    """Tokens laid side by side, then `depth` layers of linear, activation and dropout, then a linear head.

    Args:
        inputs: the table's shape.
        outputs: number of classes, or 1 for regression.
        width: units of a hidden layer.
        depth: number of hidden layers.
        token_width: components of a column's embedding.
        dropout: share of hidden units dropped.
        encoding: how numbers are encoded: `piecewise_linear`, `periodic` or `linear`.
        activation: a key of `ACTIVATIONS`.
    """

    def __init__(
        self,
        inputs: TabularInput,
        outputs: int,
        *,
        width: int = 256,
        depth: int = 2,
        token_width: int = 16,
        dropout: float = 0.2,
        encoding: str = "piecewise_linear",
        activation: str = "relu",
    ):
        super().__init__()
        self.width = width
        self.embedding = FeatureTokens(inputs, token_width, encoding, relu=True)
        sizes = [inputs.features * token_width] + [width] * depth
        self.layers = nn.Sequential()
        for before, after in pairwise(sizes):
            self.layers.extend([nn.Linear(before, after), make_activation(activation), nn.Dropout(dropout)])
        self.head = nn.Linear(width, outputs)

    def embed(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        """Tokens `(batch, features, token_width)`."""
        return self.embedding(numeric, categorical)

    def trunk(self, embedded: Tensor) -> Tensor:
        """Hidden vector `(batch, width)` from tokens `(batch, features, token_width)`."""
        return self.layers(embedded.flatten(1))
