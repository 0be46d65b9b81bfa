"""The perceptron: one layer, a weighted vote of the columns.

Rosenblatt, "The Perceptron" (1958), https://doi.org/10.1037/h0042519; with cross-entropy in place of his rule
it is logistic regression.
"""

import torch
from torch import Tensor, nn

from .feature_tokens import FeatureTokens
from .inputs import TabularInput
from .network import TabularNetwork

__all__ = ["Perceptron"]


class Perceptron(TabularNetwork):
    """Each column votes for each class, the votes are added, and a bias.

    A column's token is its vote, so the shares of a prediction by column are exact: no method has to estimate
    them.

    Args:
        inputs: the table's shape.
        outputs: number of classes, or 1 for regression.
        encoding: how numbers are encoded: `piecewise_linear` (a slope for each bin), `periodic` or `linear`.
    """

    def __init__(self, inputs: TabularInput, outputs: int, *, encoding: str = "piecewise_linear"):
        super().__init__()
        self.width = outputs
        self.embedding = FeatureTokens(inputs, outputs, encoding, relu=False)
        for parameter in self.embedding.parameters():
            nn.init.zeros_(parameter)  # a convex loss needs no random start
        self.head = Bias(outputs)

    def embed(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        """Votes `(batch, features, outputs)`."""
        return self.embedding(numeric, categorical)

    def trunk(self, embedded: Tensor) -> Tensor:
        """Sum of the votes, `(batch, outputs)`."""
        return embedded.sum(dim=1)


class Bias(nn.Module):
    """Add a number to each output."""

    def __init__(self, outputs: int):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, votes: Tensor) -> Tensor:
        """Map `(batch, outputs)` to the same shape."""
        return votes + self.bias
