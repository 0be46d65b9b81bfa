"""Morlet wavelets and the Gaussian that smooths, in Fourier space, for the scattering transform.

Bruna & Mallat, "Invariant Scattering Convolution Networks" (2013), section 2.1,
https://arxiv.org/abs/1203.1513, with the constants of Andreux et al., "Kymatio" (2020),
https://arxiv.org/abs/1812.11214: σ = 0.8·2^j, ξ = 3π/4·2^-j, and an envelope that is L/4 times as long
along the wave's crests as across them.

    ψ(u) = g_σ(u) (exp(i ξ·u) - β),  β such that ψ has no mean, so that a flat image gives exactly nothing
    φ(u) = g_σ(u)

A filter is real in Fourier space, for in space its real part is even and its imaginary part odd.
"""

import math
from itertools import product

import torch
from torch import Tensor

__all__ = ["cropped", "low_pass", "wavelets"]

_COPIES = range(-2, 2)
"""Periods over which a filter is wrapped: beyond them its envelope is below e^-28, for up to 16 angles."""


def wavelets(height: int, width: int, scale: int, angles: int) -> Tensor:
    """ψ_{j,θ} of one scale j and every angle θ, `(angles, height, width)` float64.

    Args:
        height: of the padded image.
        width: of the padded image.
        scale: j, an octave: 0 is the finest.
        angles: L; crests turn by π / L from one to the next, from π/2 - π/L down to -π/2.
    """
    sigma, xi, slant = 0.8 * 2**scale, 0.75 * math.pi / 2**scale, 4 / angles
    turns = [(angles - angles // 2 - 1 - turn) * math.pi / angles for turn in range(angles)]
    return torch.stack([_wavelet(height, width, sigma, xi, slant, theta) for theta in turns])


def low_pass(side: int, scales: int) -> Tensor:
    """φ_J along one axis, which smooths over 2^J pixels, `(side,)` float64: an image's is a product of two.

    Args:
        side: of the padded image.
        scales: J.
    """
    sigma = 0.8 * 2 ** (scales - 1)
    places = torch.arange(_COPIES.start * side, _COPIES.stop * side, dtype=torch.float64)
    gaussian = (-(places**2) / (2 * sigma**2)).exp() / (sigma * math.sqrt(2 * math.pi))
    return torch.fft.fft(gaussian.view(-1, side).sum(dim=0)).real


def cropped(filters: Tensor, halvings: int, *, axes: tuple[int, ...] = (-2, -1)) -> Tensor:
    """The same filters for halved maps: only the lower frequencies, `(…, height / 2^n, width / 2^n)`.

    Args:
        filters: `(…, height, width)` in Fourier space.
        halvings: n.
        axes: that were halved.
    """
    for axis in axes:
        size = filters.shape[axis]
        half = size >> (halvings + 1)
        kept = torch.cat([torch.arange(half), torch.arange(size - half, size)])
        filters = filters.index_select(axis, kept)
    return filters


def _wavelet(height: int, width: int, sigma: float, xi: float, slant: float, theta: float) -> Tensor:
    wave = _gabor(height, width, sigma, xi, slant, theta)
    envelope = _gabor(height, width, sigma, 0.0, slant, theta)
    return torch.fft.fft2(wave - wave.sum() / envelope.sum() * envelope).real


def _gabor(height: int, width: int, sigma: float, xi: float, slant: float, theta: float) -> Tensor:
    """A plane wave under a Gaussian of unit sum, wrapped around the image, `(height, width)` complex."""
    total = torch.zeros(height, width, dtype=torch.complex128)
    cos, sin = math.cos(theta), math.sin(theta)
    for up, left in product(_COPIES, _COPIES):
        y = torch.arange(height, dtype=torch.float64)[:, None] + up * height
        x = torch.arange(width, dtype=torch.float64) + left * width
        along, across = y * cos + x * sin, x * cos - y * sin
        envelope = (-(along**2 + (slant * across) ** 2) / (2 * sigma**2)).exp()
        total += torch.polar(envelope, xi * along)
    return total * (slant / (2 * math.pi * sigma**2))
