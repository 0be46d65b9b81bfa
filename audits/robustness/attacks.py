"""FGSM and PGD: the changes within a small box that raise the loss most, as far as gradients find them."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["Space", "fgsm", "noise", "pgd"]

_STRIDE = 2.5  # of ε over all steps: enough to reach any corner of the box from any start within it


@dataclass(frozen=True, kw_only=True)
class Space:
    """Where an attacker moves: points, how far one unit is, and the edges of what is valid.

    Args:
        logits: from points `(n, ...)` to logits `(n, classes)`; every row on its own.
        start: `(n, ...)` the rows unharmed.
        unit: broadcast against `start`: a step of one epsilon unit; 0 where nothing may move.
        low: least valid value of each component.
        high: greatest valid value.
    """

    logits: Callable[[Tensor], Tensor]
    start: Tensor
    unit: Tensor
    low: Tensor
    high: Tensor

    def inside(self, points: Tensor, epsilon: float) -> Tensor:
        """The nearest points that are valid and within `epsilon` units of the start, in every component."""
        reach = epsilon * self.unit
        near = torch.minimum(torch.maximum(points, self.start - reach), self.start + reach)
        # A row that lies outside of what train has seen is left there: an attack only moves inwards.
        least, most = torch.minimum(self.low, self.start), torch.maximum(self.high, self.start)
        return torch.minimum(torch.maximum(near, least), most)


def fgsm(space: Space, y_true: Tensor, epsilon: float) -> Tensor:
    """One step of ε along the sign of the loss's gradient.

    Goodfellow, Shlens & Szegedy, "Explaining and harnessing adversarial examples" (2015), section 4,
    https://arxiv.org/abs/1412.6572

    Args:
        space: where to move.
        y_true: `(n,)` codes of the true classes.
        epsilon: in units of the space.
    """
    gradient, _ = _gradient(space, space.start, y_true)
    return space.inside(space.start + epsilon * space.unit * gradient.sign(), epsilon)


def pgd(space: Space, y_true: Tensor, epsilon: float, *, steps: int, seed: int) -> Tensor:
    """Many small steps from a random start, back into the box after each; the point of highest loss is kept.

    Madry et al., "Towards deep learning models resistant to adversarial attacks" (2018), section 2.1,
    https://arxiv.org/abs/1706.06083

    Args:
        space: where to move.
        y_true: `(n,)` codes of the true classes.
        epsilon: in units of the space.
        steps: each of 2.5 ε / steps.
        seed: of the random start.
    """
    step = _STRIDE * epsilon / steps * space.unit
    generator = torch.Generator().manual_seed(seed)
    start = 2 * torch.rand(space.start.shape, generator=generator) - 1
    points = space.inside(space.start + epsilon * space.unit * start, epsilon)
    best, highest = points, torch.full((len(points),), -torch.inf)
    for _ in range(steps):
        gradient, loss = _gradient(space, points, y_true)
        best, highest = _better(best, highest, points, loss)
        points = space.inside(points + step * gradient.sign(), epsilon)
    _, loss = _gradient(space, points, y_true)
    return _better(best, highest, points, loss)[0]


def noise(space: Space, epsilon: float, *, seed: int) -> Tensor:
    """A random corner of the box: what an attack of this size must beat."""
    generator = torch.Generator().manual_seed(seed)
    signs = 2.0 * torch.randint(0, 2, space.start.shape, generator=generator) - 1
    return space.inside(space.start + epsilon * space.unit * signs, epsilon)


def _gradient(space: Space, points: Tensor, y_true: Tensor) -> tuple[Tensor, Tensor]:
    """Gradient of each row's cross-entropy with respect to its point, and the losses `(n,)`."""
    points = points.detach().requires_grad_()
    loss = F.cross_entropy(space.logits(points), y_true, reduction="none")
    (gradient,) = torch.autograd.grad(loss.sum(), points)
    # An empty cell is NaN for some networks: it has no direction, and stays.
    return gradient.nan_to_num(), loss.detach()


def _better(best: Tensor, highest: Tensor, points: Tensor, loss: Tensor) -> tuple[Tensor, Tensor]:
    wins = loss > highest
    spread = wins.reshape(-1, *[1] * (points.dim() - 1))
    return torch.where(spread, points, best), torch.where(wins, loss, highest)
