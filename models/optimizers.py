"""Optimizers by name, with weight decay only where it belongs.

Importing this imports no torch.
"""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .unknown import UnknownNameError

if TYPE_CHECKING:
    from torch import nn
    from torch.nn import Parameter
    from torch.optim import Optimizer

__all__ = ["OPTIMIZERS", "OptimizerRow", "build_optimizer", "decayed_and_spared"]


@dataclass(frozen=True, kw_only=True)
class OptimizerRow:
    """A row of the table."""

    summary: str
    """What it is, in one line."""

    paper: str
    """Where it was published."""

    factory: str
    """Class in `torch.optim`."""

    options: Mapping[str, Any]
    """Every option with our default."""


OPTIMIZERS: Mapping[str, OptimizerRow] = MappingProxyType(
    {
        "adamw": OptimizerRow(
            summary="Adam with decoupled weight decay",
            paper="https://arxiv.org/abs/1711.05101",
            factory="AdamW",
            options={"betas": (0.9, 0.999), "eps": 1e-8},
        ),
        "adam": OptimizerRow(
            summary="running means of the gradient and of its square; decay is decoupled all the same",
            paper="https://arxiv.org/abs/1412.6980",
            factory="Adam",
            options={"betas": (0.9, 0.999), "eps": 1e-8, "decoupled_weight_decay": True},
        ),
        "radam": OptimizerRow(
            summary="Adam whose first steps are held back while its variance is unknown: needs no warm-up",
            paper="https://arxiv.org/abs/1908.03265",
            factory="RAdam",
            options={"betas": (0.9, 0.999), "eps": 1e-8, "decoupled_weight_decay": True},
        ),
        "rmsprop": OptimizerRow(
            summary="the gradient over the root of its mean square",
            paper="https://www.cs.toronto.edu/~hinton/coursera/lecture6/lec6.pdf",
            factory="RMSprop",
            options={"alpha": 0.99, "eps": 1e-8, "momentum": 0.0},
        ),
        "sgd": OptimizerRow(
            summary="stochastic gradient descent with Nesterov momentum",
            paper="https://proceedings.mlr.press/v28/sutskever13.html",
            factory="SGD",
            options={"momentum": 0.9, "nesterov": True},
        ),
    }
)


def build_optimizer(
    name: str,
    module: "nn.Module",
    *,
    learning_rate: float,
    weight_decay: float,
    rates: "Mapping[Parameter, float]" = MappingProxyType({}),
    **options: Any,
) -> "Optimizer":
    """Make an optimizer for the parameters of a module that require gradients.

    Args:
        name: a key of `OPTIMIZERS`.
        module: what is trained; frozen parameters are left out.
        learning_rate: peak rate.
        weight_decay: decay of weight matrices and filters; norms, biases and embeddings are spared.
        rates: factors on the rate by parameter, e.g. of `layer_rates`; where none is given, 1.
        **options: any of the row's options; the others keep their defaults.

    Raises:
        UnknownNameError: no such optimizer or option.
    """
    if name not in OPTIMIZERS:
        raise UnknownNameError("optimizer", name, OPTIMIZERS)
    row = OPTIMIZERS[name]
    for option in options:
        if option not in row.options:
            raise UnknownNameError(f"option of {name}", option, row.options)
    from torch import optim

    groups = [
        {"params": parameters, "weight_decay": decay, "lr": learning_rate * factor}
        for found, decay in zip(decayed_and_spared(module), (weight_decay, 0.0), strict=True)
        for factor, parameters in _by_rate(found, rates).items()
    ]
    factory = getattr(optim, row.factory)
    # One kernel a step instead of one an operation; the numbers differ in their last bit.
    fused = {"fused": True} if "fused" in inspect.signature(factory).parameters else {}
    return factory(groups, lr=learning_rate, **fused, **{**row.options, **options})


def _by_rate(
    parameters: "list[Parameter]", rates: "Mapping[Parameter, float]"
) -> "dict[float, list[Parameter]]":
    """Parameters that share a factor on the rate, together."""
    found: dict[float, list[Parameter]] = {}
    for parameter in parameters:
        found.setdefault(rates.get(parameter, 1.0), []).append(parameter)
    return found


def decayed_and_spared(module: "nn.Module") -> tuple[list["Parameter"], list["Parameter"]]:
    """Trainable parameters that weight decay pulls towards zero, and those that it leaves alone.

    Decayed are weight matrices and filters. Norms and biases only shift and scale; embeddings (also positions
    and other learned tokens) are tables whose rare rows would be decayed far more often than trained, also
    where a table gives the logits too.
    """
    from torch import nn

    tables = {id(owner.weight) for owner in module.modules() if isinstance(owner, nn.Embedding)}
    decayed, spared, seen = [], [], set()
    for owner in module.modules():
        for name, parameter in owner.named_parameters(recurse=False):
            if parameter.requires_grad and id(parameter) not in seen:
                seen.add(id(parameter))
                matrix = "weight" in name and parameter.ndim >= 2 and id(parameter) not in tables
                (decayed if matrix else spared).append(parameter)
    return decayed, spared
