"""Embeddings for numeric columns: a number becomes a vector before the first layer sees it.

Gorishniy et al., "On Embeddings for Numerical Features in Tabular Deep Learning" (2022), section 3,
https://arxiv.org/abs/2203.05556

A plain network learns smooth functions of a number; income against age, or any column with a spike at zero,
is not smooth. Encoding a number by the bins it has passed lets the first layer draw a slope for each bin.
"""

import math

import torch
from torch import Tensor, nn

__all__ = ["LinearEncoding", "PerFeatureLinear", "PeriodicEncoding", "PiecewiseLinearEncoding"]


class PiecewiseLinearEncoding(nn.Module):
    """How much of each bin a number has passed (equation 1), plus one component that says 'missing'.

    Each component stays within [0, 1], also outside the edges, where the paper lets the two outermost go on:
    a bin may be very narrow, and a number far outside would then drown all others.

    Args:
        bins: ascending edges of each column; columns with fewer bins are padded with zeros.
    """

    starts: Tensor
    widths: Tensor

    def __init__(self, bins: tuple[tuple[float, ...], ...]):
        super().__init__()
        most = max(len(edges) for edges in bins) - 1
        starts = torch.zeros(len(bins), most)
        widths = torch.full((len(bins), most), torch.inf)  # x / inf = 0: a padded bin is never entered
        for column, edges in enumerate(bins):
            values = torch.tensor(edges, dtype=torch.float64)
            starts[column, : len(edges) - 1] = values[:-1]
            widths[column, : len(edges) - 1] = values.diff()
        self.register_buffer("starts", starts, persistent=False)
        self.register_buffer("widths", widths, persistent=False)
        self.size = most + 1

    def forward(self, numeric: Tensor) -> Tensor:
        """Encode `(batch, columns)` as `(batch, columns, size)`; missing lights the last component alone."""
        missing = numeric.isnan().unsqueeze(-1)
        passed = ((numeric.nan_to_num().unsqueeze(-1) - self.starts) / self.widths).clamp(0, 1)
        return torch.cat([passed.masked_fill(missing, 0.0), missing.to(passed)], dim=-1)


class PeriodicEncoding(nn.Module):
    """Sines and cosines of trained frequencies (equation 3): for targets that go up and down with a number.

    Args:
        columns: number of numeric columns.
        frequencies: trained frequencies a column.
        sigma: standard deviation of the frequencies at the start, the knob that matters.
    """

    def __init__(self, columns: int, frequencies: int = 24, sigma: float = 0.1):
        super().__init__()
        self.frequencies = nn.Parameter(sigma * torch.randn(columns, frequencies))
        self.size = 2 * frequencies + 1

    def forward(self, numeric: Tensor) -> Tensor:
        """Encode `(batch, columns)` as `(batch, columns, size)`; missing lights the last component alone."""
        missing = numeric.isnan().unsqueeze(-1)
        angles = 2 * math.pi * self.frequencies * numeric.nan_to_num().unsqueeze(-1)
        waves = torch.cat([angles.sin(), angles.cos()], dim=-1).masked_fill(missing, 0.0)
        return torch.cat([waves, missing.to(waves)], dim=-1)


class LinearEncoding(nn.Module):
    """The number itself, as in the FT-Transformer's paper, plus one component that says 'missing'."""

    size = 2

    def forward(self, numeric: Tensor) -> Tensor:
        """Encode `(batch, columns)` as `(batch, columns, 2)`; missing lights the last component alone."""
        missing = numeric.isnan()
        return torch.stack([numeric.nan_to_num(), missing.to(numeric)], dim=-1)


class PerFeatureLinear(nn.Module):
    """A linear layer of its own for every column (section 3.4).

    Args:
        columns: number of columns.
        size: components of a column's encoding.
        width: components of its embedding.
    """

    def __init__(self, columns: int, size: int, width: int):
        super().__init__()
        bound = size**-0.5
        self.weight = nn.Parameter(torch.empty(columns, size, width).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(columns, width).uniform_(-bound, bound))

    def forward(self, encoded: Tensor) -> Tensor:
        """Map `(batch, columns, size)` to `(batch, columns, width)`."""
        return torch.einsum("bcs,csw->bcw", encoded, self.weight) + self.bias
