"""Which way of computing is taken for a layer: the one measured faster on the first batch, or by counting."""

import time
from dataclasses import dataclass, field
from math import prod

import torch
from torch import Tensor

from .layer import Kept, Layer, Rule, Way

__all__ = ["Choice"]

TRIALS = 3
"""Each candidate is timed this often; the fastest time counts, as everything else only adds to it."""


@dataclass
class Choice:
    """A way for each layer, settled when its first gradient arrives.

    Args:
        measured: time the candidates. Not so where a run must be bitwise the same again: ways differ in the
            last bits, and which is faster is up to the machine's other work. Then operations are counted.
        memory: bytes that a layer's per-sample gradients may take; beyond, only ways that hold none are
            looked at.
    """

    measured: bool = True
    memory: int = 1 << 30
    ways: dict[Layer, Way] = field(default_factory=dict)

    def of(self, layer: Layer, rule: Rule, inputs: Kept, grad: Tensor) -> Way:
        """The layer's way."""
        way = self.ways.get(layer)
        if way is None:
            way = self.ways[layer] = self._choose(layer, rule, inputs, grad)
        return way

    def named(self) -> dict[str, str]:
        """Name of the way by name of the layer, for the record."""
        return {layer.name: way.name for layer, way in self.ways.items()}

    def _choose(self, layer: Layer, rule: Rule, inputs: Kept, grad: Tensor) -> Way:
        size = 4 * len(grad) * sum(prod(parameter.shape) for parameter in layer.parameters.values())
        ways = [way for way in rule.ways if way.runs(grad)]
        lean = [way for way in ways if size <= self.memory or not way.instantiates] or ways
        if len(lean) == 1:
            return lean[0]
        if not self.measured:
            return next(way for way in lean if way.suits(layer, inputs, grad))
        return min(lean, key=lambda way: _seconds(way, layer, inputs, grad))


def _seconds(way: Way, layer: Layer, inputs: Kept, grad: Tensor) -> float:
    """Time of norms and sum together."""
    coefficients = grad.new_ones(len(grad))
    sums = {name: parameter.new_zeros(parameter.shape) for name, parameter in layer.parameters.items()}
    taken = []
    for _ in range(TRIALS):
        start = time.perf_counter()
        _, kept = way.norms(layer, inputs, grad)
        way.clipped_sum(layer, kept, coefficients, sums)
        if grad.is_cuda:
            torch.cuda.synchronize(grad.device)
        taken.append(time.perf_counter() - start)
    return min(taken)
