"""Multi-head self-attention.

Vaswani et al., "Attention Is All You Need" (2017), section 3.2, https://arxiv.org/abs/1706.03762

Shapes: B batch, T tokens, D width, H heads, K = D / H components a head.
"""

import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["SelfAttention"]


class SelfAttention(nn.Module):
    """Every token looks at every token, in `heads` subspaces at once.

    Args:
        width: D, a multiple of `heads`.
        heads: H.
        dropout: share of attention weights dropped.
    """

    def __init__(self, width: int, heads: int, dropout: float = 0.0):
        super().__init__()
        if width % heads:
            raise ValueError(
                f"width of attention: got {width} with {heads} heads, expected a multiple of the heads"
            )
        self.heads, self.dropout = heads, dropout
        self.project = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map `(B, T, D)` to `(B, T, D)`."""
        B, T, D = tokens.shape
        queries, keys, values = self._projected(tokens)
        rate = self.dropout if self.training else 0.0
        seen = F.scaled_dot_product_attention(queries, keys, values, dropout_p=rate)  # (B, H, T, K)
        return self.merge(seen.transpose(1, 2).reshape(B, T, D))

    def weights(self, tokens: Tensor) -> Tensor:
        """How much every token looks at every token, `(B, H, T, T)`: lines add up to 1; without dropout."""
        queries, keys, _ = self._projected(tokens)
        return (queries @ keys.transpose(2, 3) * queries.shape[3] ** -0.5).softmax(dim=3)

    def _projected(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, `(B, H, T, K)` each."""
        B, T, _ = tokens.shape
        queries, keys, values = self.project(tokens).view(B, T, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        return queries, keys, values
