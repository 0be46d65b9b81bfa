"""Mixed images with mixed labels: mixup and CutMix.

Zhang et al., "mixup: Beyond Empirical Risk Minimization" (2018), https://arxiv.org/abs/1710.09412
Yun et al., "CutMix" (2019), https://arxiv.org/abs/1905.04899

Each image is joined with another of its batch, by a share λ ~ Beta(α, α) that is drawn once a batch, as in
the papers' programs:

    mixup    x̃ = λ xᵢ + (1 - λ) xⱼ
    CutMix   x̃ = xᵢ, but xⱼ in a box whose share of the area is 1 - λ (section 3.1)
    both     ỹ = λ yᵢ + (1 - λ) yⱼ
"""

import random

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Mixed", "cut_and_paste", "mixed_targets"]


class Mixed(nn.Module):
    """Another objective, fed with mixed images and soft targets; in evaluation mode with both as they are.

    Args:
        objective: called with the mixed images and targets `(batch, classes)`.
        classes: number of classes.
        mixup: α of mixup; 0 leaves it out.
        cutmix: α of CutMix; 0 leaves it out. Where there are both, a coin decides for each batch.
    """

    def __init__(self, objective: nn.Module, *, classes: int, mixup: float = 0.0, cutmix: float = 0.0):
        super().__init__()
        if min(mixup, cutmix) < 0 or max(mixup, cutmix) == 0:
            raise ValueError(f"mixing: got mixup {mixup} and cutmix {cutmix}, expected one of them above 0")
        self.objective, self.classes, self.mixup, self.cutmix = objective, classes, mixup, cutmix

    def forward(
        self,
        inputs: tuple[Tensor, ...],
        target: Tensor,
        weight: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Loss of a batch of images `(batch, channels, height, width)` and codes of classes `(batch,)`."""
        if self.training:
            (images,) = inputs
            draw = _random(generator)
            partner = torch.randperm(len(images), generator=generator).to(images.device)
            cut = draw.random() < 0.5 if self.mixup and self.cutmix else self.cutmix > 0
            alpha = self.cutmix if cut else self.mixup
            share = draw.betavariate(alpha, alpha)
            if cut:
                images, share = cut_and_paste(images, images[partner], share, draw)
            else:
                images = torch.lerp(images[partner], images, share)
            inputs = (images,)
            target, weight = mixed_targets(target, weight, partner, share, self.classes)
        return self.objective(inputs, target, weight, generator)


def cut_and_paste(images: Tensor, others: Tensor, share: float, draw: random.Random) -> tuple[Tensor, float]:
    """Put a box of the other images into these, cut at the border (appendix A of CutMix).

    Args:
        images: `(batch, channels, height, width)`.
        others: of the same shape.
        share: λ; the box is to have `1 - λ` of the area.
        draw: where the box's centre comes from.

    Returns:
        The joined images, and what share of the area is still their own.
    """
    height, width = images.shape[2:]
    side = (1 - share) ** 0.5
    top, bottom = _interval(height, side, draw)
    left, right = _interval(width, side, draw)
    joined = images.clone()
    joined[:, :, top:bottom, left:right] = others[:, :, top:bottom, left:right]
    return joined, 1 - (bottom - top) * (right - left) / (height * width)


def mixed_targets(
    target: Tensor, weight: Tensor | None, partner: Tensor, share: float, classes: int
) -> tuple[Tensor, Tensor | None]:
    """Soft targets `(batch, classes)`, and weights of the mixed rows.

    A mixed row weighs as much as its parts, and each label counts in it by its part's weight: the loss is
    `λ wᵢ ℓ(yᵢ) + (1 - λ) wⱼ ℓ(yⱼ)`.

    Args:
        target: codes of classes `(batch,)`.
        weight: `(batch,)`, or None.
        partner: `(batch,)`, which row each is joined with.
        share: λ.
        classes: number of classes.
    """
    exact = F.one_hot(target, classes).to(torch.get_default_dtype())
    if weight is None:
        return share * exact + (1 - share) * exact[partner], None
    own, other = share * weight, (1 - share) * weight[partner]
    whole = own + other
    soft = own.unsqueeze(1) * exact + other.unsqueeze(1) * exact[partner]
    return soft / whole.clamp_min(torch.finfo(whole.dtype).tiny).unsqueeze(1), whole


def _interval(length: int, share: float, draw: random.Random) -> tuple[int, int]:
    """A stretch of pixels with its centre anywhere, so that it may be cut at an end."""
    centre, half = draw.randrange(length), int(length * share) // 2
    return max(centre - half, 0), min(centre + half, length)


def _random(generator: torch.Generator | None) -> random.Random:
    """Python's generator, which has a Beta distribution, seeded by torch's."""
    return random.Random(int(torch.randint(2**62, (), generator=generator)))
