"""Numbers drawn from a generator, for each image of a batch."""

import torch
from torch import Tensor


def uniform(
    shape: int | tuple[int, ...], low: float, high: float, generator: torch.Generator | None
) -> Tensor:
    """Uniform draws in [low, high), on the generator's device."""
    size = (shape,) if isinstance(shape, int) else shape
    device = generator.device if generator is not None else None
    return low + (high - low) * torch.rand(size, generator=generator, device=device)
