"""Which clients are trained at once, and why others are not: a literal rule.

Stacking pays where a step is so small that calling its operations costs more than they compute. What it can't
give is chance: a client draws its dropout and its views from a stream of its own.
"""

import dataclasses
import math
from collections.abc import Mapping
from types import MappingProxyType

import torch

from ...models.supervised import Classification, Regression
from ..training.steppers import FullPrecision, choose_stepper
from .local import Learner
from .messages import Work

__all__ = ["STACKABLE", "Limits", "alone_because"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """Up to where a network was measured to learn faster in a stack, on one core in batches of 10 and of 32.

    Attributes:
        weights: their number.
        pixels: numbers of an image, all channels; None for tables.
    """

    weights: int
    pixels: int | None = None


#: Networks that compute the same in a stack. Others hold what `torch.func.vmap` has no rule for (attention,
#: recurrent cells, running statistics) or a maximum over equals, which rounding decides (conv4).
STACKABLE: Mapping[str, Limits] = MappingProxyType(
    {
        "perceptron": Limits(weights=250_000),
        "mlp": Limits(weights=250_000),
        "resnet_tabular": Limits(weights=250_000),
        "lenet": Limits(weights=100_000, pixels=28 * 28),
        "resnet_small": Limits(weights=100_000, pixels=16 * 16),
    }
)

#: Optimizers that work number by number.
_ELEMENTWISE = ("adam", "adamw", "radam", "rmsprop", "sgd")

#: What of a work the stack knows; whatever else asks for something must be at its default.
_KNOWN = ("model", "train", "preprocessor", "local_epochs", "seed", "dtype")


def alone_because(learner: Learner) -> str | None:
    """Why clients take turns with this work; None where they are trained at once."""
    work = learner.work
    asked = [
        field.name
        for field in dataclasses.fields(Work)
        if field.name not in _KNOWN and getattr(work, field.name) != field.default
    ]
    if asked:
        return f"{asked[0]} is done client by client"
    name, config = str(work.model.architecture), work.train
    if name not in STACKABLE:
        return f"{name} doesn't compute the same in a stack"
    if any(value for key, value in work.model.options.items() if "drop" in key):
        return "dropout is drawn by each client from a stream of its own"
    if work.model.options.get("norm") == "batch":
        return "running statistics belong to one client's batches"
    if type(learner.objective) not in (Classification, Regression):
        return "views and mixed images are drawn by each client from a stream of its own"
    if config.optimizer not in _ELEMENTWISE:
        return f"{config.optimizer} looks at all of a client's weights together"
    return _too_large(learner, STACKABLE[name]) or _other_precision(learner)


def _too_large(learner: Learner, limits: Limits) -> str | None:
    """Why a stack of these would not be faster."""
    weights = sum(part.numel() for part in learner.learned.parameters())
    if weights > limits.weights:
        return f"{weights} weights: above {limits.weights} a stack isn't faster"
    shape = learner.work.preprocessor.pixels
    if shape is not None and limits.pixels is not None and math.prod(shape.shape) > limits.pixels:
        return f"images of {math.prod(shape.shape)} numbers: above {limits.pixels} a stack isn't faster"
    return None


def _other_precision(learner: Learner) -> str | None:
    """Why a stack would compute in another precision."""
    device = next(learner.learned.parameters()).device
    stepper = choose_stepper(learner.work.train.precision, device, torch.Generator())
    return None if type(stepper) is FullPrecision else "a stack computes in full precision"
