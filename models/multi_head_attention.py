"""Multi-head attention between any two sequences, with masks and a cache for generation.

Vaswani et al., "Attention Is All You Need" (2017), section 3.2, https://arxiv.org/abs/1706.03762

    Attention(Q, K, V) = softmax(Q Kᵀ / √E) V

Shapes: B batch, H heads, Q queries, K keys, D width, E = D / H width of a head. A mask is boolean, true where
a query may look at a key, and broadcasts to `(B, H, Q, K)`; a query that may look nowhere gets zeros.
`SelfAttention` is the short form without masks, for tokens that all look at each other.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["KeyValueCache", "MultiHeadAttention", "causal_mask", "padding_mask"]


def causal_mask(queries: int, keys: int, device: torch.device | None = None) -> Tensor:
    """No looking ahead, `(Q, K)`: the queries are the last of the keys, so one query sees all of them."""
    return torch.ones(queries, keys, dtype=torch.bool, device=device).tril(keys - queries)


def padding_mask(lengths: Tensor, keys: int) -> Tensor:
    """No looking at what fills a batch up, `(B, 1, 1, K)`, from the true lengths `(B,)`."""
    places = torch.arange(keys, device=lengths.device)
    return (places < lengths.unsqueeze(1))[:, None, None, :]


class KeyValueCache:
    """Keys and values of tokens that were seen, by the attention that made them.

    Generation feeds one new token at a time: what the earlier ones offer to be looked at stays the same.
    One cache goes through a whole network and counts the tokens in `length`.
    """

    def __init__(self) -> None:
        self.length = 0
        self._seen: dict[nn.Module, tuple[Tensor, Tensor]] = {}

    def advance(self, tokens: int) -> int:
        """Count new tokens; returns the position of the first."""
        self.length += tokens
        return self.length - tokens

    def extend(self, attention: nn.Module, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """All keys and values so far, the new `(B, H, new, E)` put behind."""
        if attention in self._seen:
            before, carried = self._seen[attention]
            keys, values = torch.cat([before, keys], dim=2), torch.cat([carried, values], dim=2)
        return self.keep(attention, keys, values)

    def keep(self, attention: nn.Module, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Hold these for good: those of a memory don't change."""
        self._seen[attention] = keys, values
        return keys, values

    def kept(self, attention: nn.Module) -> tuple[Tensor, Tensor] | None:
        """What it holds of an attention."""
        return self._seen.get(attention)

    def reorder(self, rows: Tensor) -> None:
        """Let row `i` go on from what was row `rows[i]`: beams part and die."""
        self._seen = {layer: (keys[rows], values[rows]) for layer, (keys, values) in self._seen.items()}


class MultiHeadAttention(nn.Module):
    """Every query looks at every key that its mask allows, in `heads` subspaces at once.

    Args:
        width: D, a multiple of `heads`.
        heads: H.
        dropout: share of attention weights dropped in training.
    """

    def __init__(self, width: int, heads: int, dropout: float = 0.0):
        super().__init__()
        if width % heads:
            raise ValueError(
                f"width of attention: got {width} with {heads} heads, expected a multiple of the heads"
            )
        self.heads, self.dropout = heads, dropout
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.merge = nn.Linear(width, width)

    def forward(
        self,
        tokens: Tensor,
        memory: Tensor | None = None,
        *,
        mask: Tensor | None = None,
        cache: KeyValueCache | None = None,
    ) -> Tensor:
        """What each token found, `(B, Q, D)`.

        Args:
            tokens: who looks, `(B, Q, D)`.
            memory: what is looked at, `(B, K, D)`: cross-attention. By default the tokens themselves.
            mask: who may look at what, broadcast to `(B, H, Q, K)`.
            cache: holds earlier tokens, which are looked at too, or the memory, which is then projected once.
        """
        queries = self._split(self.query(tokens))
        keys, values = self._looked_at(tokens, memory, cache)
        rate = self.dropout if self.training else 0.0
        found = F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask, dropout_p=rate)
        return self.merge(found.transpose(1, 2).flatten(2))  # (B, H, Q, E) to (B, Q, D)

    def weights(self, tokens: Tensor, memory: Tensor | None = None, *, mask: Tensor | None = None) -> Tensor:
        """How much each query looks at each key, `(B, H, Q, K)`; lines add up to 1, without dropout."""
        queries, keys = (self._split(self.query(tokens)), self._looked_at(tokens, memory, None)[0])
        scores = queries @ keys.transpose(2, 3) * queries.shape[3] ** -0.5
        if mask is None:
            return scores.softmax(dim=3)
        return scores.masked_fill(~mask, -torch.inf).softmax(dim=3).nan_to_num(0.0)

    def _looked_at(
        self, tokens: Tensor, memory: Tensor | None, cache: KeyValueCache | None
    ) -> tuple[Tensor, Tensor]:
        """Keys and values, `(B, H, K, E)` each."""
        if memory is not None and cache is not None and (kept := cache.kept(self)):
            return kept
        source = tokens if memory is None else memory
        keys, values = self._split(self.key(source)), self._split(self.value(source))
        if cache is None:
            return keys, values
        return (cache.extend if memory is None else cache.keep)(self, keys, values)

    def _split(self, projected: Tensor) -> Tensor:
        """`(B, T, D)` to `(B, H, T, E)`."""
        return projected.unflatten(2, (self.heads, -1)).transpose(1, 2)
