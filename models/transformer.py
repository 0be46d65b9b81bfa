"""The transformer: blocks of attention and feed-forward layers, stacked to encode, to decode, or both.

Vaswani et al., "Attention Is All You Need" (2017), sections 3.1 and 3.3, https://arxiv.org/abs/1706.03762;
norms before each layer instead of after train without warm-up: Xiong et al. (2020),
https://arxiv.org/abs/2002.04745

    post (2017):  x = norm(x + layer(x))        pre (2020):  x = x + layer(norm(x)), and one norm at the end

Shapes: B batch, S source tokens, T target tokens, D width.
"""

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

from .multi_head_attention import KeyValueCache, MultiHeadAttention, causal_mask, padding_mask
from .positions import positions

__all__ = ["Block", "Stack", "Transformer"]


class Residual(nn.Module):
    """A layer around which its input flows unchanged, with the norm before or after it."""

    def __init__(self, layer: nn.Module, width: int, norm: str, dropout: float, epsilon: float):
        super().__init__()
        if norm not in ("pre", "post"):
            raise ValueError(f"norm: got {norm!r}, expected pre or post")
        self.layer, self.norm, self.dropout = layer, nn.LayerNorm(width, epsilon), nn.Dropout(dropout)
        self.pre = norm == "pre"

    def forward(self, tokens: Tensor, *memory: Tensor, **options: object) -> Tensor:
        """Map `(B, T, D)` to the same shape."""
        if self.pre:
            return tokens + self.dropout(self.layer(self.norm(tokens), *memory, **options))
        return self.norm(tokens + self.dropout(self.layer(tokens, *memory, **options)))


class Block(nn.Module):
    """Self-attention, attention to a memory if it `crosses`, and a feed-forward layer, each a residual.

    Args:
        width: D, a multiple of `heads`.
        heads: attention heads.
        hidden: units of the feed-forward layer; four times the width by default.
        crosses: look at a memory too, as a decoder does.
        norm: `pre` or `post`.
        dropout: share of attention weights and of each layer's output dropped.
        attention_dropout: of attention weights, where it differs; at 0 a CPU takes little more
            than half the time for a step.
        activation: makes what stands inside the feed-forward layer.
        epsilon: of the norms.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        *,
        hidden: int | None = None,
        crosses: bool = False,
        norm: str = "pre",
        dropout: float = 0.1,
        attention_dropout: float | None = None,
        activation: Callable[[], nn.Module] = nn.ReLU,
        epsilon: float = 1e-5,
    ):
        super().__init__()
        hidden = hidden or 4 * width
        among = dropout if attention_dropout is None else attention_dropout
        feed_forward = nn.Sequential(nn.Linear(width, hidden), activation(), nn.Linear(hidden, width))
        around = partial(Residual, width=width, norm=norm, dropout=dropout, epsilon=epsilon)
        self.attention = around(MultiHeadAttention(width, heads, among))
        self.cross_attention = around(MultiHeadAttention(width, heads, among)) if crosses else None
        self.feed_forward = around(feed_forward)

    def forward(
        self,
        tokens: Tensor,
        memory: Tensor | None = None,
        *,
        mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        cache: KeyValueCache | None = None,
    ) -> Tensor:
        """Map `(B, T, D)` to the same shape.

        Args:
            tokens: the stream.
            memory: `(B, S, D)`, for a block that crosses.
            mask: which tokens see which, broadcast to `(B, H, T, T and those in the cache)`.
            memory_mask: which tokens see which of the memory, broadcast to `(B, H, T, S)`.
            cache: of earlier tokens.

        Raises:
            ValueError: a memory for a block that doesn't cross, or none for one that does.
        """
        if (memory is None) != (self.cross_attention is None):
            wants = "no memory" if self.cross_attention is None else "a memory: it crosses"
            raise ValueError(f"memory of a block: got {type(memory).__name__}, expected {wants}")
        tokens = self.attention(tokens, mask=mask, cache=cache)
        if self.cross_attention is not None and memory is not None:
            tokens = self.cross_attention(tokens, memory, mask=memory_mask, cache=cache)
        return self.feed_forward(tokens)


class Stack(nn.Module):
    """`depth` blocks in a row, and the norm that pre-norm blocks leave for the end.

    Args:
        depth: number of blocks.
        width: D.
        heads: attention heads.
        hidden: units of the feed-forward layers; four times the width by default.
        crosses: whether the blocks look at a memory.
        norm: `pre` or `post`.
        dropout: share dropped.
        attention_dropout: of attention weights, where it differs.
        activation: makes what stands inside the feed-forward layers.
        epsilon: of the norms.
    """

    def __init__(
        self,
        depth: int,
        width: int,
        heads: int,
        *,
        hidden: int | None = None,
        crosses: bool = False,
        norm: str = "pre",
        dropout: float = 0.1,
        attention_dropout: float | None = None,
        activation: Callable[[], nn.Module] = nn.ReLU,
        epsilon: float = 1e-5,
    ):
        super().__init__()
        block = partial(
            Block, hidden=hidden, crosses=crosses, norm=norm, dropout=dropout,
            attention_dropout=attention_dropout,
        )  # fmt: skip
        self.blocks = nn.ModuleList(
            block(width, heads, activation=activation, epsilon=epsilon) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width, epsilon) if norm == "pre" else nn.Identity()

    def forward(
        self,
        tokens: Tensor,
        memory: Tensor | None = None,
        *,
        mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        cache: KeyValueCache | None = None,
    ) -> Tensor:
        """Map `(B, T, D)` to the same shape; the arguments are those of a block."""
        for block in self.blocks:
            tokens = block(tokens, memory, mask=mask, memory_mask=memory_mask, cache=cache)
        return self.norm(tokens)


class Transformer(nn.Module):
    """Encoder–decoder: reads a source, writes a target one token after the other.

    One table embeds source and target and gives the logits (section 3.4).

    Args:
        vocabulary: number of different tokens.
        width: D, a multiple of `heads`.
        depth: blocks of the encoder, and of the decoder.
        heads: attention heads.
        hidden: units of the feed-forward layers; four times the width by default.
        length: most tokens of a sequence.
        position: `sinusoidal` or `learned`.
        norm: `post`, as published, or `pre`.
        dropout: share dropped.
    """

    def __init__(
        self,
        vocabulary: int,
        *,
        width: int = 512,
        depth: int = 6,
        heads: int = 8,
        hidden: int | None = None,
        length: int = 512,
        position: str = "sinusoidal",
        norm: str = "post",
        dropout: float = 0.1,
    ):
        super().__init__()
        self.scale = width**0.5  # section 3.4: brings embeddings to the size of the positions
        self.embedding = nn.Embedding(vocabulary, width)
        nn.init.normal_(self.embedding.weight, std=1 / self.scale)
        self.positions, self.dropout = positions(position, length, width), nn.Dropout(dropout)
        stack = partial(Stack, depth, width, heads, hidden=hidden, norm=norm, dropout=dropout)
        self.encoder, self.decoder = stack(), stack(crosses=True)

    def forward(self, source: Tensor, target: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits of the token after each of the target, `(B, T, vocabulary)`.

        Args:
            source: tokens `(B, S)`.
            target: tokens `(B, T)`, the first of which only says that it starts.
            lengths: true lengths of the sources, `(B,)`; what lies behind isn't looked at.
        """
        return self.decode(target, self.encode(source, lengths), lengths)

    def encode(self, source: Tensor, lengths: Tensor | None = None) -> Tensor:
        """The memory, `(B, S, D)`."""
        mask = None if lengths is None else padding_mask(lengths, source.shape[1])
        return self.encoder(self._embed(source), mask=mask)

    def decode(
        self,
        target: Tensor,
        memory: Tensor,
        lengths: Tensor | None = None,
        cache: KeyValueCache | None = None,
    ) -> Tensor:
        """Logits `(B, T, vocabulary)`; with a cache, `target` holds only tokens that it hasn't seen."""
        start = cache.advance(target.shape[1]) if cache else 0
        mask = causal_mask(target.shape[1], start + target.shape[1], target.device)
        memory_mask = None if lengths is None else padding_mask(lengths, memory.shape[1])
        states = self.decoder(
            self._embed(target, start), memory, mask=mask, memory_mask=memory_mask, cache=cache
        )
        return states @ self.embedding.weight.T

    def reader(
        self, source: Tensor, lengths: Tensor | None = None, *, copies: int = 1
    ) -> Callable[[Tensor, KeyValueCache | None], Tensor]:
        """What `generation` asks for the next token, `copies` rows a source: as many as there are beams."""
        memory = self.encode(source, lengths).repeat_interleave(copies, dim=0)
        lengths = None if lengths is None else lengths.repeat_interleave(copies)
        return lambda target, cache=None: self.decode(target, memory, lengths, cache)

    def _embed(self, tokens: Tensor, start: int = 0) -> Tensor:
        """Tokens and their places, `(B, T, D)`."""
        placed = self.embedding(tokens) * self.scale + self.positions(tokens, start)
        return self.dropout(placed)
