"""One buffer for the gradient of a whole model: noise is drawn into it, sums are added to views of it."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

__all__ = ["FlatGradient"]

LINE = 16
"""Float32 numbers in a cache line: every parameter starts at one."""


class FlatGradient:
    """A buffer, and a view of it for each parameter.

    Args:
        parameters: those that are trained, each once.
        spare: numbers at its end that belong to no parameter; they get noise like all others.
        dtype: of the buffer.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], spare: int = 0, dtype: torch.dtype = torch.float32
    ):
        parameters = list(parameters)
        starts, size = [], 0
        for parameter in parameters:
            starts.append(size)
            size += -(-parameter.numel() // LINE) * LINE
        self.buffer = torch.zeros(size + spare, device=parameters[0].device, dtype=dtype)
        self.views: dict[nn.Parameter, Tensor] = {
            parameter: self.buffer[start : start + parameter.numel()].view(parameter.shape)
            for parameter, start in zip(parameters, starts, strict=True)
        }
        self.spare = self.buffer[size:]

    def assign(self) -> None:
        """Make the views the parameters' gradients, in their own precision."""
        for parameter, view in self.views.items():
            parameter.grad = view.to(parameter.dtype)
