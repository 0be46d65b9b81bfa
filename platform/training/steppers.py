"""How the gradient of a batch comes about: in full precision, or with matrix products in bfloat16."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..exceptions import CombinationError
from .engines.in_process import Engine
from .rows import Batch


@dataclass(frozen=True)
class FullPrecision:
    """Forward and backward in the precision of the weights.

    Args:
        generator: where the objective's views are drawn from.
    """

    generator: torch.Generator

    @property
    def secret(self) -> bool:
        """Whether a run that starts again must know what this one drew: noise may be drawn only once."""
        return False

    def chance(self, seed: int) -> int:
        """What dropout, masks and views are seeded by: the run's seed."""
        return seed

    def state(self) -> dict[str, Any]:
        """What a checkpoint has to keep, as JSON can say it."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""

    def joined(self, objective: nn.Module, engine: Engine) -> nn.Module:
        """The objective as each worker has to call it, for all to get the gradient of the whole batch."""
        return engine.wrap(objective)

    def loss(self, objective: nn.Module, batch: Batch) -> Tensor:
        """Scalar loss of a batch."""
        return objective(batch.inputs, batch.target, batch.weight, self.generator)

    def backward(self, objective: nn.Module, batch: Batch, share: float = 1.0) -> Tensor:
        """Add the gradient of `share` times the loss to the weights' gradients.

        Returns:
            The loss itself, detached.
        """
        loss = self.loss(objective, batch)
        (loss if share == 1.0 else loss * share).backward()
        return loss.detach()


@dataclass(frozen=True)
class MixedPrecision(FullPrecision):
    """Matrix products and convolutions in bfloat16, sums and weights in float32.

    Micikevicius et al., "Mixed Precision Training" (2018), https://arxiv.org/abs/1710.03740. Bfloat16 has the
    range of float32, so the loss needs no scaling.

    Args:
        generator: where the objective's views are drawn from.
        device_type: of the device that computes, e.g. `cpu`.
    """

    device_type: str

    def loss(self, objective: nn.Module, batch: Batch) -> Tensor:
        """Scalar loss of a batch."""
        with torch.autocast(self.device_type, torch.bfloat16):
            return super().loss(objective, batch)


def choose_stepper(precision: str, device: torch.device, generator: torch.Generator) -> FullPrecision:
    """The stepper of a precision; `auto` is bf16 on a CUDA device that has it, else fp32.

    Raises:
        CombinationError: bf16 on a device that hasn't got it.
    """
    capable = device.type == "cpu" or (device.type == "cuda" and torch.cuda.is_bf16_supported())
    if precision == "bf16" and not capable:
        raise CombinationError(
            "precision bf16 can't be had on this device",
            got=f"precision bf16 on {device.type}",
            expected="a CPU, or a CUDA device of compute capability 8.0 or more",
            mend="set precision to auto or fp32",
        )
    if precision == "bf16" or (precision == "auto" and device.type == "cuda" and capable):
        return MixedPrecision(generator, device.type)
    return FullPrecision(generator)
