"""One buffer for the gradient of a whole model: noise is drawn into it, sums are added to views of it."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

__all__ = ["FlatGradient"]

LINE = 16
"""Float32 numbers in a cache line: every parameter starts at one."""


class FlatGradient:
    """A float32 buffer, and a view of it for each parameter.

    Args:
        parameters: those that are trained, each once.
    """

    def __init__(self, parameters: Iterable[nn.Parameter]):
        parameters = list(parameters)
        starts, size = [], 0
        for parameter in parameters:
            starts.append(size)
            size += -(-parameter.numel() // LINE) * LINE
        self.buffer = torch.zeros(size, device=parameters[0].device)
        self.views: dict[nn.Parameter, Tensor] = {
            parameter: self.buffer[start : start + parameter.numel()].view(parameter.shape)
            for parameter, start in zip(parameters, starts, strict=True)
        }
        self._starts = torch.tensor(starts)
        self._ends = torch.tensor([parameter.numel() for parameter in parameters]).cumsum(0)

    @property
    def numbers(self) -> int:
        """How many there are in all parameters; the buffer has gaps beside them."""
        return int(self._ends[-1])

    def places(self, positions: Tensor) -> Tensor:
        """Where numbers stand in the buffer, `(n,)`, by their positions in the parameters laid end to end."""
        owner = torch.searchsorted(self._ends, positions, right=True)
        before = torch.cat([self._ends.new_zeros(1), self._ends])[owner]
        return (positions - before + self._starts[owner]).to(self.buffer.device)

    def assign(self) -> None:
        """Make the views the parameters' gradients, in their own precision."""
        for parameter, view in self.views.items():
            parameter.grad = view.to(parameter.dtype)
