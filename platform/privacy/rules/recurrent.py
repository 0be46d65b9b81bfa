"""Recurrent layers, `nn.RNN` and `nn.GRU`: a linear layer of the inputs, and one of the units before.

Each projection is told of as a linear layer over T positions. GRU: Cho et al. (2014),
https://arxiv.org/abs/1406.1078, as `torch.nn.GRU` has it.

Shapes: T steps, B samples, d inputs, H units, G gates (1, or 3 of a GRU).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...exceptions import ModelError
from ..layer import Tap

__all__ = ["check", "forward", "places", "places_of_projections", "run_layers", "watch"]


def forward(module: nn.RNN | nn.GRU, tap: Tap, inputs: Tensor, hx: Tensor | None = None):
    """What the module's own forward gives, told to `tap` on the way."""
    step = gru_step if isinstance(module, nn.GRU) else rnn_step

    def layer(place: int, weights: dict[str, Tensor], inputs: Tensor, start: tuple[Tensor, ...]):
        projected = F.linear(inputs, weights["weight_ih"], weights.get("bias_ih"))  # (T, B, G H)
        if not projected.requires_grad:
            projected.requires_grad_()
        # Zeros that are added to the units' projection: their gradient is that projection's.
        probe = torch.zeros_like(projected, requires_grad=True)
        hidden, units = start[0], []
        for shown, zeros in zip(projected.unbind(), probe.unbind(), strict=True):
            recalled = F.linear(hidden, weights["weight_hh"], weights.get("bias_hh")) + zeros
            hidden = step(module, shown, recalled, hidden)
            units.append(hidden)
        units = torch.stack(units)
        before = torch.cat([start[0].unsqueeze(0), units[:-1]]).detach()
        tap(2 * place, inputs.detach().transpose(0, 1), projected, batch_axis=1)
        tap(2 * place + 1, before.transpose(0, 1), probe, batch_axis=1)
        return (units,)

    return run_layers(module, layer, inputs, None if hx is None else (hx,))


@contextmanager
def watch(module: nn.RNNBase, tap: Tap, forward: Callable[..., Any] = forward) -> Iterator[None]:
    """Put another forward in place of the module's for a while."""
    module.forward = partial(forward, module, tap)
    try:
        yield
    finally:
        del module.forward


def gru_step(module: nn.RNNBase, shown: Tensor, recalled: Tensor, hidden: Tensor) -> Tensor:
    """Reset, update and new gates."""
    (r, z, n), (r_recalled, z_recalled, n_recalled) = shown.chunk(3, 1), recalled.chunk(3, 1)
    reset, update = torch.sigmoid(r + r_recalled), torch.sigmoid(z + z_recalled)
    new = torch.tanh(n + reset * n_recalled)
    return torch.lerp(new, hidden, update)


def rnn_step(module: nn.RNNBase, shown: Tensor, recalled: Tensor, hidden: Tensor) -> Tensor:
    """Elman's recurrence."""
    bend = torch.tanh if getattr(module, "nonlinearity", "tanh") == "tanh" else torch.relu
    return bend(shown + recalled)


def run_layers(module: nn.RNNBase, layer, inputs: Tensor, hx: tuple[Tensor, ...] | None):
    """Stack layers and directions around one layer in one direction.

    Args:
        module: whose settings and weights are used.
        layer: `(place, weights, inputs (T, B, d), start)` to units `(T, B, H)`, and the last cell of an LSTM.
        inputs: as the module's forward takes them.
        hx: states at the start, each `(layers × directions, B, H)`, or None for zeros.
    """
    if not isinstance(inputs, Tensor) or inputs.dim() != 3:
        raise ModelError(
            "a recurrent layer takes a batch of sequences under differential privacy",
            got=type(inputs).__name__ if not isinstance(inputs, Tensor) else f"shape {tuple(inputs.shape)}",
            expected="a tensor of three dimensions",
            mend="pad the sequences to one length instead of packing them",
        )
    lstm = isinstance(module, nn.LSTM)
    signal = inputs.transpose(0, 1) if module.batch_first else inputs
    if hx is None:
        zeros = signal.new_zeros(len(places(module)), signal.shape[1], module.hidden_size)
        hx = (zeros, zeros) if lstm else (zeros,)
    directions, finals = 2 if module.bidirectional else 1, []
    for number in range(module.num_layers):
        if number and module.dropout:
            signal = F.dropout(signal, module.dropout, module.training)
        outputs = []
        for direction in range(directions):
            place = number * directions + direction
            # Detached: the engine asks for gradients of outputs alone.
            names = places(module)[place]
            weights = {name: getattr(module, full).detach() for name, full in names.items()}
            heard = signal.flip(0) if direction else signal
            units, *cell = layer(place, weights, heard, tuple(state[place] for state in hx))
            finals.append((units[-1], *cell))
            outputs.append(units.flip(0) if direction else units)
        signal = outputs[0] if directions == 1 else torch.cat(outputs, dim=-1)
    states = tuple(torch.stack(state) for state in zip(*finals, strict=True))
    return signal.transpose(0, 1) if module.batch_first else signal, states if lstm else states[0]


def places(module: nn.RNNBase) -> list[dict[str, str]]:
    """One place a direction of each layer, with all its parameters."""
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh") if module.bias else ("weight_ih", "weight_hh")
    directions = ("", "_reverse") if module.bidirectional else ("",)
    return [
        {kind: f"{kind}_l{number}{direction}" for kind in kinds}
        for number in range(module.num_layers)
        for direction in directions
    ]


def places_of_projections(module: nn.RNNBase) -> list[dict[str, str]]:
    """Two places a direction of each layer, the inputs' projection and the units', each a linear layer."""
    return [
        {kind.split("_")[0]: full for kind, full in names.items() if kind.endswith(end)}
        for names in places(module)
        for end in ("ih", "hh")
    ]


def check(module: nn.Module, name: str) -> None:
    """Refuse an LSTM whose units are projected once more."""
    if getattr(module, "proj_size", 0):
        raise ModelError(
            f"{name}: an LSTM with proj_size can't be trained with differential privacy",
            got=f"proj_size={module.proj_size}",
            expected="proj_size=0",
            mend="put an nn.Linear behind the LSTM",
        )
