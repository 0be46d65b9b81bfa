"""Gaussian noise from a key stream, for a whole model at once.

Box & Muller, "A Note on the Generation of Random Normal Deviates" (1958): two uniforms make two independent
normals. Thirty-two bits a radius reach 6.6 standard deviations, beyond which one in 10**10 lies.
"""

import math

import numpy as np
import torch
from torch import Tensor

from .key_stream import KeyStream

__all__ = ["GaussianNoise"]

BLOCK = 1 << 17
"""Numbers that are made at a time: 512 KiB, so that the steps of the recipe find them in the cache."""


class GaussianNoise:
    """Independent normal numbers.

    Args:
        seed: None takes the operating system's entropy, and only then is the noise private.
    """

    def __init__(self, seed: int | None = None):
        self.stream = KeyStream(seed, "noise")

    @property
    def secret(self) -> bool:
        """Whether nobody knows the seed: what the report has to say where it is not so."""
        return self.stream.secret

    def fill(self, buffer: Tensor, deviation: float) -> None:
        """Overwrite a flat `(numbers,)` float32 buffer with noise of this standard deviation."""
        for part in buffer.split(BLOCK):
            self._fill(part, deviation)

    def _fill(self, part: Tensor, deviation: float) -> None:
        half = -(-len(part) // 2)
        words = self.stream.words(2 * half)
        # One bit is set, since a word of 0 would be an infinite radius: (0, 1] after scaling.
        radius = torch.from_numpy((words[:half] | 1).view(np.uint32).astype(np.float32)).to(part.device)
        angle = torch.from_numpy(words[half:].astype(np.float32)).to(part.device)
        radius.mul_(2.0**-32).log_().mul_(-2.0 * deviation**2).sqrt_()
        angle.mul_(math.pi * 2.0**-31)
        rest = len(part) - half
        torch.cos(angle, out=part[:half]).mul_(radius)
        torch.sin(angle[:rest], out=part[half:]).mul_(radius[:rest])

    def draw(self, deviation: float) -> float:
        """One number."""
        single = torch.empty(1)
        self.fill(single, deviation)
        return float(single)
