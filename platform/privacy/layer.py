"""What a rule is: how one kind of layer gives norms of per-sample gradients and their weighted sum.

Bu et al., "Differentially Private Optimization on Large Foundation Models at the Cost of SGD" (2023), section
3,
https://proceedings.mlr.press/v202/bu23a.html

Shapes: B samples, T positions of a sequence or map, d inputs, p outputs.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

__all__ = [
    "Kept",
    "Layer",
    "Rule",
    "Sums",
    "Tap",
    "Way",
    "add_weighted",
    "always",
    "first_input",
    "in_float32_at_least",
    "instantiated",
    "own_parameters",
    "sum_of_squares",
]

Kept = Any
"""What a layer keeps between two moments: a tensor, or a tuple of them."""

Sums = Mapping[str, Tensor]
"""A layer's parameters by name, each with the tensor that its clipped gradients are added to."""


class Tap(Protocol):
    """Tells of an output whose gradient is wanted, at one of a module's places."""

    def __call__(self, place: int, kept: Kept, output: Tensor, *, batch_axis: int = 0) -> None: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    """A place with trainable parameters: most modules are one, an LSTM is one a direction of each of its
    layers.

    Attributes:
        module: whose parameters they are.
        name: of the module inside the model, for messages.
        parameters: those that are trained, by the name that the rule knows them under.
        index: its row in the matrix of norms.
    """

    module: Any  # whose attributes are its kind's, e.g. `num_groups`
    name: str
    parameters: Mapping[str, nn.Parameter]
    index: int

    def trains(self, name: str) -> bool:
        """Whether this parameter exists and is not frozen."""
        return name in self.parameters


def always(layer: Layer, inputs: Kept, grad: Tensor) -> bool:
    """Suits every shape."""
    return True


def anywhere(grad: Tensor) -> bool:
    """Runs for every output gradient."""
    return True


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to compute; which is fastest depends on the shape.

    Attributes:
        name: for the record.
        norms: `(layer, inputs, grad)` to squared norms `(B,)` and what `clipped_sum` needs.
        clipped_sum: `(layer, kept, coefficients (B,), sums)` adds the weighted sum of per-sample gradients.
        suits: where it is chosen by counting operations instead of timing; the first way that suits is taken.
        instantiates: whether it holds a gradient a sample, B times the parameters.
        runs: whether it can be had for such an output gradient at all.
    """

    name: str
    norms: Callable[[Layer, Kept, Tensor], tuple[Tensor, Kept]]
    clipped_sum: Callable[[Layer, Kept, Tensor, Sums], None]
    suits: Callable[[Layer, Kept, Tensor], bool] = always
    instantiates: bool = False
    runs: Callable[[Tensor], bool] = anywhere


def own_parameters(module: nn.Module) -> list[dict[str, str]]:
    """One place, whose parameters are called as the module calls them."""
    return [{name: name for name, _ in module.named_parameters(recurse=False)}]


def first_input(module: nn.Module, args: tuple[Any, ...], output: Tensor) -> Kept:
    """Keep the layer's only input."""
    return args[0].detach()


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What is known of a kind of layer.

    Attributes:
        per_sample: `(layer, inputs, grad)` to per-sample gradients by parameter, each `(B, *shape)`: used
            where a parameter takes part more than once, so that its gradients must be added before their norm
            is taken.
        ways: the ways to compute, in the order in which `suits` is asked.
        keep: what the forward pass keeps, from `(module, arguments, output)`.
        places: a module's places, each with its parameters' names: the rule's name to the module's.
        watch: `(module, tap)` to a context in which the module tells of its outputs itself, where its own
            forward does not show what is needed.
        check: raises for settings of the module that have no per-sample gradient.
    """

    per_sample: Callable[[Layer, Kept, Tensor], dict[str, Tensor]]
    ways: tuple[Way, ...]
    keep: Callable[[Any, tuple[Any, ...], Tensor], Kept] = first_input
    places: Callable[[Any], list[dict[str, str]]] = own_parameters
    watch: Callable[[Any, Tap], AbstractContextManager[None]] | None = None
    check: Callable[[nn.Module, str], None] | None = None


def instantiated(
    per_sample: Callable[[Layer, Kept, Tensor], dict[str, Tensor]],
    *,
    name: str = "instantiated",
    suits: Callable[[Layer, Kept, Tensor], bool] = always,
    runs: Callable[[Tensor], bool] = anywhere,
) -> Way:
    """The way that computes each sample's gradient once and keeps it, for the norm and for the sum."""

    def norms(layer: Layer, inputs: Kept, grad: Tensor) -> tuple[Tensor, Kept]:
        gradients = per_sample(layer, inputs, grad)
        return sum_of_squares(gradients), gradients

    def clipped_sum(layer: Layer, gradients: Kept, coefficients: Tensor, sums: Sums) -> None:
        add_weighted(gradients, coefficients, sums)

    return Way(name=name, norms=norms, clipped_sum=clipped_sum, suits=suits, instantiates=True, runs=runs)


def sum_of_squares(gradients: Mapping[str, Tensor]) -> Tensor:
    """Squared norms `(B,)` of per-sample gradients, over all parameters together."""
    parts = [torch.linalg.vector_norm(part.flatten(1), dim=1).square_() for part in gradients.values()]
    return parts[0] if len(parts) == 1 else torch.stack(parts).sum(0)


def add_weighted(gradients: Mapping[str, Tensor], coefficients: Tensor, sums: Sums) -> None:
    """Add `coefficients @ gradients` for each parameter."""
    for name, part in gradients.items():
        sums[name].view(-1).addmv_(part.flatten(1).t(), coefficients)


def in_float32_at_least(kept: Kept) -> Kept:
    """Norms and sums are not taken in half precision, whatever the layers compute in."""
    if isinstance(kept, Tensor):
        return kept.to(torch.promote_types(kept.dtype, torch.float32)) if kept.is_floating_point() else kept
    if isinstance(kept, tuple | list):
        return type(kept)(in_float32_at_least(part) for part in kept)
    return kept
