"""Scattering: wavelets, moduli and averages in place of learned convolutions, and a linear head.

Oyallon & Mallat, "Deep Roto-Translation Scattering for Object Classification" (2015), section 2,
https://arxiv.org/abs/1412.8659. Normalized by groups of a row's own maps, as Tramèr & Boneh found to serve
private training: "Differentially Private Learning Needs Better Features" (2021), section 2.3,
https://arxiv.org/abs/2011.11660

    S x = x⋆φ,  |x⋆ψ_λ|⋆φ,  ||x⋆ψ_λ|⋆ψ_μ|⋆φ       λ, μ: scale and angle; μ coarser than λ

Nothing before the head is learned, so nothing there costs privacy.
"""

import math
from functools import reduce

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .inputs import ImageInput
from .morlet import cropped, low_pass, wavelets
from .network import ImageNetwork

__all__ = ["Scattering", "ScatteringTransform"]

_LEAST = 4  # side of the maps: what Grad-CAM needs
_AT_ONCE = 32
"""Images that are scattered together: each unfolds to hundreds of times its size, best kept in a cache."""


class Scattering(ImageNetwork):
    """Scattering maps, each group normalized within its row, and one linear layer over all of them.

    Args:
        inputs: the images' shape, at least 8×8.
        outputs: number of classes, or 1 for regression.
        scales: J: maps are 2^J times smaller than the image. None takes 2 from 16 pixels on, else 1.
        angles: L, an even number.
        groups: most groups of maps that are normalized together; fewer where they don't divide the maps.

    Raises:
        ValueError: maps would be below 4×4, or there would be no scale, angle or group.
    """

    def __init__(
        self,
        inputs: ImageInput,
        outputs: int,
        *,
        scales: int | None = None,
        angles: int = 8,
        groups: int = 27,
    ):
        super().__init__()
        side = min(inputs.height, inputs.width)
        scales = (2 if side >= 4 * _LEAST else 1) if scales is None else scales
        if scales < 1 or side >> scales < _LEAST:
            raise ValueError(
                f"scales: got {scales} for images of {inputs.height}×{inputs.width}, "
                f"expected 1 or more that leave maps of at least {_LEAST}×{_LEAST}"
            )
        if angles < 2 or angles % 2 or groups < 1:
            raise ValueError(
                f"got {angles} angles and {groups} groups, expected an even number and 1 or more"
            )
        self.transform = ScatteringTransform(inputs.height, inputs.width, scales=scales, angles=angles)
        channels = inputs.channels * self.transform.paths
        self.norm = nn.GroupNorm(math.gcd(groups, channels), channels, affine=False)
        self.maps = nn.Identity()
        self.width = channels * (inputs.height >> scales) * (inputs.width >> scales)
        self.head = nn.Linear(self.width, outputs)

    def embed(self, images: Tensor) -> Tensor:
        """Normalized scattering maps, `(batch, channels * paths, height / 2^J, width / 2^J)`."""
        return self.maps(self.norm(self.transform(images).flatten(1, 2)))

    def trunk(self, embedded: Tensor) -> Tensor:
        """All maps in a row, `(batch, width)`."""
        return embedded.flatten(1)


class ScatteringTransform(nn.Module):
    """Maps of order 0, 1 and 2 of each channel; no parameter, and filters are made anew and never stored.

    Paths are ordered: the average, then one a scale and angle, then one a pair of scales and of angles.

    Args:
        height: of the images.
        width: of the images.
        scales: J.
        angles: L.
    """

    def __init__(self, height: int, width: int, *, scales: int, angles: int):
        super().__init__()
        self.scales, self.angles = scales, angles
        self.paths = 1 + scales * angles + scales * (scales - 1) // 2 * angles**2
        tall, wide = (_padded(side, scales) for side in (height, width))
        self._padding = (*_halves(wide - width), *_halves(tall - height))
        for halvings in range(scales):
            self._keep(f"rows_{halvings}", _averages(tall, scales, halvings))
            self._keep(f"columns_{halvings}", _averages(wide, scales, halvings))
        for scale in range(scales):
            filters = wavelets(tall, wide, scale, angles)
            for halvings in range(max(scale, 1)):
                self._keep(f"psi_{scale}_{halvings}", cropped(filters, halvings) / 4 ** (scale - halvings))

    def forward(self, images: Tensor) -> Tensor:
        """Scatter images.

        Args:
            images: `(batch, channels, height, width)`.

        Returns:
            `(batch, channels, paths, height / 2^J, width / 2^J)`, sides rounded down.
        """
        return torch.cat([self._scatter(part) for part in images.split(_AT_ONCE)])

    def _scatter(self, images: Tensor) -> Tensor:
        padded = F.pad(images, self._padding, mode="reflect")
        zeroth, first, second = [self._smooth(padded, 0).unsqueeze(2)], [], []
        spectrum = torch.fft.fft2(padded)
        for scale in range(self.scales):
            waves = self._modulus(spectrum, 0, scale)  # (batch, channels, angles, h, w)
            first.append(self._smooth(waves, scale))
            coarser = range(scale + 1, self.scales)
            again = torch.fft.fft2(waves) if coarser else waves
            for other in coarser:
                # (batch, channels, angles, angles, h, w)
                second.append(self._smooth(self._modulus(again, scale, other), other).flatten(2, 3))
        return torch.cat(zeroth + first + second, dim=2)

    def _modulus(self, spectrum: Tensor, halvings: int, scale: int) -> Tensor:
        """|x ⋆ ψ| at each angle, a new axis: of maps that were halved so often, halved on to `scale`."""
        filtered = spectrum.unsqueeze(-3) * self.get_buffer(f"psi_{scale}_{halvings}")
        return torch.fft.ifft2(_folded(filtered, scale - halvings)).abs()

    def _smooth(self, maps: Tensor, halvings: int) -> Tensor:
        """x ⋆ φ at every 2^J-th pixel, the padding's border cut off, of maps that were halved so often."""
        rows, columns = (self.get_buffer(f"{axis}_{halvings}") for axis in ("rows", "columns"))
        return rows @ maps @ columns.mT

    def _keep(self, name: str, filters: Tensor) -> None:
        self.register_buffer(name, filters.float(), persistent=False)


def _folded(spectrum: Tensor, halvings: int) -> Tensor:
    """Spectrum of every 2^n-th pixel: aliases are added up. The mean's factor, 4^-n, is in the wavelets."""
    for axis in (-2, -1):
        spectrum = reduce(torch.add, spectrum.chunk(2**halvings, dim=axis))
    return spectrum


def _averages(side: int, scales: int, halvings: int) -> Tensor:
    """φ along one axis as a matrix, `(side / 2^J - 2, side / 2^halvings)`: it is a product of two Gaussians.

    Args:
        side: of the padded image.
        scales: J.
        halvings: of the maps that are averaged.
    """
    smooth = cropped(low_pass(side, scales), halvings, axes=(-1,))
    filtered = torch.fft.fft(torch.eye(len(smooth), dtype=smooth.dtype)) * smooth
    steps = 2 ** (scales - halvings)
    return torch.fft.ifft(filtered).real[:, ::steps].mT[1:-1]


def _padded(side: int, scales: int) -> int:
    """Side of the padded image: of a map's pixels, one more at each end than are given back."""
    return ((side >> scales) + 2) << scales


def _halves(missing: int) -> tuple[int, int]:
    return missing // 2, missing - missing // 2
