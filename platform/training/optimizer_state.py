"""An optimizer's state as named tensors and JSON, so that it can be stored without pickling."""

from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer


def pack_optimizer(optimizer: Optimizer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Split a state into tensors named `{parameter's number}.{what}` and the rest, which JSON can say."""
    state = optimizer.state_dict()
    tensors: dict[str, Tensor] = {}
    rest: dict[str, dict[str, Any]] = {}
    for number, entries in state["state"].items():
        for name, value in entries.items():
            if isinstance(value, Tensor):
                tensors[f"{number}.{name}"] = value
            else:
                rest.setdefault(str(number), {})[name] = value
    return tensors, {"groups": state["param_groups"], "rest": rest}


def unpack_optimizer(optimizer: Optimizer, tensors: dict[str, Tensor], settings: dict[str, Any]) -> None:
    """Put a packed state back."""
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    state: dict[int, dict[str, Any]] = {int(number): dict(rest) for number, rest in settings["rest"].items()}
    for key, value in tensors.items():
        number, name = key.split(".", 1)
        state.setdefault(int(number), {})[name] = _laid_out(value, weights[int(number)])
    # JSON has made lists of the tuples, as of Adam's betas.
    groups = [
        {
            name: tuple(value) if isinstance(value, list) and name != "params" else value
            for name, value in group.items()
        }
        for group in settings["groups"]
    ]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _laid_out(value: Tensor, weight: Tensor) -> Tensor:
    """A stored tensor in the order in memory that its weight has: steps over two orders round otherwise."""
    return torch.empty_like(weight, dtype=value.dtype).copy_(value) if value.shape == weight.shape else value
