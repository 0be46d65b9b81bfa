"""A residual network for tables.

Gorishniy et al., "Revisiting Deep Learning Models for Tabular Data" (2021), section 3.2,
https://arxiv.org/abs/2106.11959. Numbers are encoded by bins; the paper gives them as they are.
"""

from collections.abc import Callable, Mapping

from torch import Tensor, nn

from .feature_tokens import FeatureTokens
from .inputs import TabularInput
from .network import TabularNetwork

__all__ = ["ResNetTabular"]

_NORMS: Mapping[str, Callable[[int], nn.Module]] = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}


class ResNetTabular(TabularNetwork):
    """A linear layer, then blocks that each add what they learned, then norm, ReLU and a linear head.

    Args:
        inputs: the table's shape.
        outputs: number of classes, or 1 for regression.
        width: components of the vector that the blocks add to.
        depth: number of blocks.
        hidden: components inside a block, as a multiple of `width`.
        token_width: components of a column's embedding.
        hidden_dropout: share of units dropped inside a block.
        dropout: share of a block's output dropped.
        norm: `batch`, as published, or `layer`, by which no row depends on the others.
        encoding: how numbers are encoded: `piecewise_linear`, `periodic` or `linear`.
    """

    def __init__(
        self,
        inputs: TabularInput,
        outputs: int,
        *,
        width: int = 128,
        depth: int = 2,
        hidden: float = 2.0,
        token_width: int = 16,
        hidden_dropout: float = 0.2,
        dropout: float = 0.0,
        norm: str = "batch",
        encoding: str = "piecewise_linear",
    ):
        super().__init__()
        if norm not in _NORMS:
            raise ValueError(f"norm: got {norm!r}, expected batch or layer")
        self.width, middle = width, round(hidden * width)
        self.embedding = FeatureTokens(inputs, token_width, encoding, relu=True)
        self.first = nn.Linear(inputs.features * token_width, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                _NORMS[norm](width), nn.Linear(width, middle), nn.ReLU(), nn.Dropout(hidden_dropout),
                nn.Linear(middle, width), nn.Dropout(dropout),
            )
            for _ in range(depth)
        )  # fmt: skip
        self.head = nn.Sequential(_NORMS[norm](width), nn.ReLU(), nn.Linear(width, outputs))

    def embed(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        """Tokens `(batch, features, token_width)`."""
        return self.embedding(numeric, categorical)

    def trunk(self, embedded: Tensor) -> Tensor:
        """Vector after the last block, `(batch, width)`."""
        found = self.first(embedded.flatten(1))
        for block in self.blocks:
            found = found + block(found)
        return found
