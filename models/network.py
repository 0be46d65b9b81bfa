"""The interface that every architecture has: encode, then a head.

    inputs ──encode──▶ one vector a row (batch, width)
           ──head────▶ logits (batch, outputs)

Self-supervised methods learn `encode` and throw their own head away. Inside it networks of tables and images
embed, then run a trunk, and explanations start in between: `from_tokens` gives attributions by feature,
`feature_maps` gives Grad-CAM its maps. Networks of texts have states, one a token, and pool them.
"""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from .feature_tokens import FeatureTokens
from .inputs import PAD, ImageInput

__all__ = [
    "EmbeddingNetwork",
    "ImageNetwork",
    "Network",
    "PatchNetwork",
    "TabularNetwork",
    "TextNetwork",
    "trimmed",
]


class Network(nn.Module, ABC):
    """A backbone and a head. Classification has one logit a class (two for binary), regression one output."""

    width: int
    """Length of the vector that `encode` returns."""

    head: nn.Module
    """The last layers, `(batch, width)` to `(batch, outputs)`: all that a linear probe trains."""

    rows_at_once: int = 4096
    """Rows that are asked about together, so that what lies between layers fits an ordinary memory."""

    @property
    def fixed(self) -> bool:
        """Whether nothing before the head can be trained: its representation of a row never changes."""
        head = set(self.head.parameters())
        return all(parameter in head for parameter in self.parameters() if parameter.requires_grad)

    @abstractmethod
    def encode(self, *inputs: Tensor) -> Tensor:
        """The representation of each row, `(batch, width)`."""

    def forward(self, *inputs: Tensor) -> Tensor:
        """Logits `(batch, outputs)`."""
        return self.head(self.encode(*inputs))

    def forward_with_auxiliary(self, *inputs: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Logits, and those of heads that only training looks at: most networks have none."""
        return self(*inputs), ()


class EmbeddingNetwork(Network):
    """A network in two parts, between which explanations start."""

    @abstractmethod
    def embed(self, *inputs: Tensor) -> Tensor:
        """Tokens `(batch, features, width)` or feature maps `(batch, channels, h, w)`."""

    @abstractmethod
    def trunk(self, embedded: Tensor) -> Tensor:
        """One vector a row, `(batch, width)`, from what `embed` returned."""

    def encode(self, *inputs: Tensor) -> Tensor:
        """The representation of each row, `(batch, width)`."""
        return self.trunk(self.embed(*inputs))


class TabularNetwork(EmbeddingNetwork):
    """A network over one token a column, numeric columns first."""

    embedding: FeatureTokens
    """Makes the tokens; its `inputs` describes the table."""

    def tokens(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        """One token a column, `(batch, features, width of a token)`."""
        return self.embed(numeric, categorical)

    def from_tokens(self, tokens: Tensor) -> Tensor:
        """Logits `(batch, outputs)` from tokens: where attributions by feature start."""
        return self.head(self.trunk(tokens))


class ImageNetwork(EmbeddingNetwork):
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


class TextNetwork(Network):
    """A network over the tokens of a line; what the line is filled up with is never looked at."""

    rows_at_once = 256  # a row is as many vectors as it has tokens

    tokens: nn.Embedding
    """The vector of each code of the vocabulary."""

    @abstractmethod
    def states(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """What each token means where it stands, `(batch, length, width)`.

        Args:
            tokens: codes `(batch, length)`.
            lengths: true lengths `(batch,)`, each at least 1; states behind the end mean nothing.
        """

    @abstractmethod
    def pool(self, states: Tensor, lengths: Tensor) -> Tensor:
        """One vector a line, `(batch, width)`, from its states."""

    def encode(self, tokens: Tensor) -> Tensor:
        """The representation of each line, `(batch, width)`, from codes `(batch, length)`."""
        tokens, lengths = trimmed(tokens)
        return self.pool(self.states(tokens, lengths), lengths)


def trimmed(tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Codes `(batch, length)` without the places that no line reaches, and true lengths `(batch,)`."""
    lengths = (tokens != PAD).sum(dim=1).clamp(min=1)
    return tokens[:, : int(lengths.max())], lengths
