"""Adversarial debiasing: learn the label while a second network fails to read the group from the score.

Zhang, Lemoine & Mitchell, "Mitigating Unwanted Biases with Adversarial Learning" (2018),
https://arxiv.org/abs/1801.07593

The predictor's weights W follow (section 3)

    ∇W L_P  -  proj(∇W L_P onto ∇W L_A)  -  α ∇W L_A

so that no step on its own loss helps the adversary, and α drives it away; the adversary's weights U follow
∇U L_A. The adversary sees the score alone for demographic parity, score and label for equalized odds, and
the truly positive rows alone for equal opportunity (sections 3.1 to 3.3, and the form of section 4).
"""

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...models.supervised import weighted_mean

__all__ = ["Adversarial"]

_TINY = 1e-12

_SPEED = 30.0
"""How much faster the adversary moves than the predictor. One that lags behind is fooled by any change of the
score, and the gap grows instead of closing (tried: 0.15 becomes 0.62)."""


class Adversarial(nn.Module):
    """An objective whose value is the predictor's loss, and whose gradient is the one above.

    The last of `inputs` is the group of each row; the predictor never sees it.

    Args:
        objective: of the predictor; its `.network` gives logits `(batch, 2)`.
        groups: number of groups.
        constraint: a name of `CONSTRAINTS`: it says what the adversary sees.
        strength: α.
    """

    def __init__(self, objective: nn.Module, *, groups: int, constraint: str, strength: float):
        super().__init__()
        self.objective, self.network = objective, cast("nn.Module", objective.network)
        self.constraint, self.strength = constraint, strength
        self.sharpness = nn.Parameter(torch.zeros(()))
        self.adversary = nn.Linear(3 if constraint in ("equalized_odds", "average_odds") else 1, groups)
        nn.init.zeros_(self.adversary.weight)  # it has no opinion before it has seen a row
        nn.init.zeros_(self.adversary.bias)

    def forward(
        self,
        inputs: tuple[Tensor, ...],
        target: Tensor,
        weight: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Loss of a batch; the last of `inputs` is `(batch,)` codes of groups."""
        *features, group = inputs
        loss = self.objective(tuple(features), target, weight, generator)
        if not self.training:
            return loss
        guessed = self._adversary_loss(self.network(*features).float(), target, group, weight)
        ours = [w for w in self.objective.parameters() if w.requires_grad]
        theirs = [self.sharpness, *self.adversary.parameters()]
        own = _gradient(loss, ours)
        against = _gradient(guessed, ours)
        unit = [g / _norm(against) for g in against]
        along = _dot(own, unit)
        wanted = [g - along * u - self.strength * a for g, u, a in zip(own, unit, against, strict=True)]
        wanted += _gradient(guessed, theirs)
        # A term of value 0 whose gradient is `wanted`: any stepper and optimizer can go on from here.
        lead = _dot([*ours, *theirs], wanted)
        return loss.detach() + lead - lead.detach()

    def _adversary_loss(self, logits: Tensor, target: Tensor, group: Tensor, weight: Tensor | None) -> Tensor:
        """Cross-entropy of the group, given what the adversary sees."""
        score = torch.sigmoid((1 + self.sharpness.abs()) * (logits[:, 1] - logits[:, 0]))[:, None]
        seen, label = score, target[:, None].to(score.dtype)
        if self.adversary.in_features == 3:
            # With the label on its own, the adversary needs no score where error rates are equal.
            seen = torch.cat([score, label, score * label], dim=1)
        losses = F.cross_entropy(_SPEED * self.adversary(seen), group, reduction="none")
        mass = torch.ones_like(losses) if weight is None else weight
        return weighted_mean(losses, mass * target if self.constraint == "equal_opportunity" else mass)


def _gradient(loss: Tensor, weights: Sequence[Tensor]) -> list[Tensor]:
    found = torch.autograd.grad(loss, list(weights), retain_graph=True, allow_unused=True)
    return [
        torch.zeros_like(weight) if part is None else part.detach()
        for weight, part in zip(weights, found, strict=True)
    ]


def _dot(first: Sequence[Tensor], second: Sequence[Tensor]) -> Tensor:
    return torch.stack([(a * b).sum() for a, b in zip(first, second, strict=True)]).sum()


def _norm(gradient: Sequence[Tensor]) -> Tensor:
    return _dot(gradient, gradient).sqrt() + _TINY
