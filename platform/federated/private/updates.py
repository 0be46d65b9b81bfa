"""A client's change of the weights, cut to a bound.

McMahan et al., "Learning Differentially Private Recurrent Language Models" (2018), algorithm 1,
`UserUpdateFedAvg` with `FlatClip`, https://arxiv.org/abs/1710.06963. The norm is that of the whole change,
over all arrays, in float64.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from ...privacy.clipping import FlatClipping

__all__ = ["change", "clipped", "norm"]


def change(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What was added to each array, in float64."""
    return {name: after[name].double() - part.double() for name, part in before.items()}


def norm(update: Mapping[str, Tensor]) -> Tensor:
    """Euclidean norm over all arrays together, a scalar in float64."""
    return torch.stack([part.double().square().sum() for part in update.values()]).sum().sqrt()


def clipped(
    before: Mapping[str, Tensor], after: Mapping[str, Tensor], bound: float
) -> tuple[dict[str, Tensor], bool]:
    """Weights whose change has no larger norm than the bound, in the direction of the change.

    Args:
        before: weights that a client was sent.
        after: what it made of them.
        bound: largest norm of a change.

    Returns:
        The weights in the precision of `after`, and whether the whole change was within the bound.
    """
    update = change(before, after)
    length = norm(update)
    factor = FlatClipping(bound).coefficients(length.square().reshape(1, 1))[0, 0]
    moved = {name: (part.double() + factor * update[name]).to(after[name]) for name, part in before.items()}
    return moved, bool(length <= bound)
