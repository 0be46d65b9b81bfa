"""Layers that have no rule here: Opacus's grad sampler instantiates their per-sample gradients.

Opacus has rules for some more kinds of layers, and differentiates any other with `torch.func`
(https://arxiv.org/abs/2109.12298).
"""

import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from torch import Tensor, nn

from ...exceptions import ModelError
from ..layer import Kept, Layer, Rule, instantiated

__all__ = ["fallback"]


def fallback(module: nn.Module, name: str) -> Rule:
    """A rule for a layer of unknown kind, with a notice.

    Raises:
        ModelError: Opacus isn't installed.
    """
    kind = type(module).__name__
    if find_spec("opacus") is None:
        raise ModelError(
            f"{name}: there is no per-sample gradient for a layer of kind {kind}",
            got=kind,
            expected="a kind that platform/privacy/rules knows, or Opacus to fall back to",
            mend="pip install 'assay[privacy]'",
        )
    warnings.warn(
        f"{name}: Opacus computes the per-sample gradients of {kind}, which is slower", stacklevel=2
    )
    sampler = opacus_sampler(module)

    def per_sample(layer: Layer, inputs: Kept, grad: Tensor) -> dict[str, Tensor]:
        """Gradients by parameter, each `(B, *shape)`."""
        found = sampler(layer.module, inputs, grad)
        return {
            name: found[parameter].detach()
            for name, parameter in layer.parameters.items()
            if found.get(parameter) is not None
        }

    return Rule(per_sample=per_sample, ways=(instantiated(per_sample, name="opacus"),), keep=all_inputs)


def all_inputs(module: nn.Module, args: tuple[Any, ...], output: Tensor) -> Kept:
    """Keep every tensor that the layer was called with."""
    return [part.detach() for part in args if isinstance(part, Tensor)]


def opacus_sampler(module: nn.Module) -> Callable[..., dict[nn.Parameter, Tensor]]:
    """Opacus's own rule for the kind of layer, else its `torch.func` one."""
    from opacus.grad_sample import GradSampleModule
    from opacus.grad_sample.functorch import ft_compute_per_sample_gradient, prepare_layer

    found = GradSampleModule.GRAD_SAMPLERS.get(type(module))
    if found is not None:
        return found
    prepare_layer(module, batch_first=True)
    return ft_compute_per_sample_gradient
