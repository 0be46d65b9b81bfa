"""One token a column: the feature tokenizer that both tabular networks start from.

Gorishniy et al., "Revisiting Deep Learning Models for Tabular Data" (2021), section 3.3,
https://arxiv.org/abs/2106.11959, with the numerical embeddings of https://arxiv.org/abs/2203.05556
"""

import torch
from torch import Tensor, nn

from .inputs import TabularInput
from .numerical_embeddings import LinearEncoding, PerFeatureLinear, PeriodicEncoding, PiecewiseLinearEncoding

__all__ = ["ENCODINGS", "FeatureTokens"]

ENCODINGS = {
    "piecewise_linear": lambda inputs: PiecewiseLinearEncoding(inputs.bins),
    "periodic": lambda inputs: PeriodicEncoding(inputs.numeric),
    "linear": lambda inputs: LinearEncoding(),
}


class FeatureTokens(nn.Module):
    """Turn a row into tokens `(batch, features, width)`: embedded numbers, then embedded categories.

    Args:
        inputs: the table's shape.
        width: components of a token.
        encoding: a key of `ENCODINGS`; `piecewise_linear` needs bins.
        relu: pass embedded numbers through a ReLU, as the paper's best MLPs do (section 3.4).
    """

    offsets: Tensor

    def __init__(self, inputs: TabularInput, width: int, encoding: str, *, relu: bool):
        super().__init__()
        if encoding not in ENCODINGS:
            raise ValueError(
                f"numeric encoding: got {encoding!r}, expected one of {', '.join(sorted(ENCODINGS))}"
            )
        if encoding == "piecewise_linear" and len(inputs.bins) != inputs.numeric:
            raise ValueError(
                "numeric encoding 'piecewise_linear' needs bins: got none, expected edges for each column"
            )
        self.inputs, self.numeric = inputs, None
        if inputs.numeric:
            encoder = ENCODINGS[encoding](inputs)
            self.numeric = nn.Sequential(
                encoder,
                PerFeatureLinear(inputs.numeric, encoder.size, width),
                nn.ReLU() if relu else nn.Identity(),
            )
        # One table for all categorical columns: column j's codes start at offsets[j].
        starts = torch.tensor((0, *inputs.cardinalities)).cumsum(0)
        self.register_buffer("offsets", starts[:-1], persistent=False)
        self.categories = nn.Embedding(int(starts[-1]), width) if inputs.cardinalities else None
        if self.categories is not None:
            nn.init.uniform_(self.categories.weight, -(width**-0.5), width**-0.5)

    def forward(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        """Tokens `(batch, features, width)` from `(batch, numeric)` floats and `(batch, columns)` codes."""
        tokens = []
        if self.numeric is not None:
            tokens.append(self.numeric(numeric))
        if self.categories is not None:
            tokens.append(self.categories(categorical + self.offsets))
        return torch.cat(tokens, dim=1)
