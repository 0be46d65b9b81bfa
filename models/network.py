"""The interface that every architecture has: embed, then a trunk, then a head.

    inputs ──embed──▶ tokens (batch, features, width) or maps (batch, channels, h, w)
           ──trunk──▶ one vector a row (batch, width)
           ──head───▶ logits (batch, outputs)

Self-supervised methods learn `encode` (trunk after embed) and throw their own head away; explanations start
from the middle: `from_tokens` gives attributions by feature, `feature_maps` gives Grad-CAM its maps.
"""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from .feature_tokens import FeatureTokens
from .inputs import ImageInput

__all__ = ["ImageNetwork", "Network", "PatchNetwork", "TabularNetwork"]


class Network(nn.Module, ABC):
    """A backbone and a head. Classification has one logit a class (two for binary), regression one output."""

    width: int
    """Length of the vector that `encode` returns."""

    head: nn.Module
    """The last layers, `(batch, width)` to `(batch, outputs)`: all that a linear probe trains."""

    @property
    def fixed(self) -> bool:
        """Whether nothing before the head can be trained: its representation of a row never changes."""
        head = set(self.head.parameters())
        return all(parameter in head for parameter in self.parameters() if parameter.requires_grad)

    @abstractmethod
    def embed(self, *inputs: Tensor) -> Tensor:
        """Tokens `(batch, features, width)` or feature maps `(batch, channels, h, w)`."""

    @abstractmethod
    def trunk(self, embedded: Tensor) -> Tensor:
        """One vector a row, `(batch, width)`, from what `embed` returned."""

    def encode(self, *inputs: Tensor) -> Tensor:
        """The representation of each row, `(batch, width)`."""
        return self.trunk(self.embed(*inputs))

    def forward(self, *inputs: Tensor) -> Tensor:
        """Logits `(batch, outputs)`."""
        return self.head(self.encode(*inputs))

    def forward_with_auxiliary(self, *inputs: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Logits, and those of heads that only training looks at: most networks have none."""
        return self(*inputs), ()


class TabularNetwork(Network):
    """A network over one token a column, numeric columns first."""

    embedding: FeatureTokens
    """Makes the tokens; its `inputs` describes the table."""

    def tokens(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        """One token a column, `(batch, features, width of a token)`."""
        return self.embed(numeric, categorical)

    def from_tokens(self, tokens: Tensor) -> Tensor:
        """Logits `(batch, outputs)` from tokens: where attributions by feature start."""
        return self.head(self.trunk(tokens))


class ImageNetwork(Network):
    """A network whose trunk is fed by maps of at least 4×4, so that Grad-CAM has something to draw."""

    maps: nn.Module
    """Where the maps pass through unchanged: the layer to hook."""

    def feature_maps(self, images: Tensor) -> Tensor:
        """The maps that Grad-CAM weighs, `(batch, channels, h, w)`."""
        return self.embed(images)

    def from_feature_maps(self, maps: Tensor) -> Tensor:
        """Logits `(batch, outputs)` from the maps."""
        return self.head(self.trunk(maps))


class PatchNetwork(ImageNetwork):
    """An image network whose tokens are patches, any part of which can be left out."""

    inputs: ImageInput
    """The images' shape."""

    patch: int
    """Side of a patch in pixels."""

    @abstractmethod
    def patch_tokens(self, images: Tensor) -> Tensor:
        """One token a patch and its place, `(batch, patches, width)`, before any has seen another."""

    @abstractmethod
    def transform(self, tokens: Tensor) -> Tensor:
        """The same tokens after the last block, `(batch, tokens, width)`, whichever of them there are."""
