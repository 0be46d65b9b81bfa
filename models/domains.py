"""Two domains made alike: what an encoder gives for rows of one, and of another without labels.

Deep CORAL: Sun & Saenko, "Deep CORAL: Correlation Alignment for Deep Domain Adaptation" (2016), section 3,
https://arxiv.org/abs/1607.01719
DANN: Ganin et al., "Domain-Adversarial Training of Neural Networks" (2016), section 4,
https://arxiv.org/abs/1505.07818

Neither can know whether classes lie alike in both domains: where their shares or meanings differ, making
the features alike can make the model worse, and no label is there to tell.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Coral", "DomainAdversary", "coral", "reverse_gradient"]


def coral(source: Tensor, target: Tensor) -> Tensor:
    """Squared Frobenius distance of the covariances over 4 d² (equation 1), 0 where they are equal.

    Args:
        source: features `(rows, d)`, two rows or more.
        target: features `(others, d)`, two rows or more.
    """
    return (_covariance(source) - _covariance(target)).square().sum() / (4 * source.shape[1] ** 2)


class Coral(nn.Module):
    """The distance that `coral` measures, as a penalty."""

    def forward(self, source: Tensor, target: Tensor, progress: float) -> Tensor:
        """Of features `(rows, d)` and `(others, d)`; the same all along."""
        return coral(source, target)


class DomainAdversary(nn.Module):
    """A classifier of domains, whose gradient turns round before it reaches the features.

    The classifier learns to tell the domains apart; the encoder, by the turned gradient, that it can't. The
    gradient's factor grows along `2 / (1 + exp(-10 p)) - 1` with the progress p (section 5.2.2).

    Args:
        width: d, of the features.
        hidden: units of its hidden layer.
    """

    def __init__(self, width: int, *, hidden: int = 64):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, source: Tensor, target: Tensor, progress: float) -> Tensor:
        """Binary cross-entropy of the domains, each domain counting half; `progress` in [0, 1]."""
        factor = 2 / (1 + torch.exp(torch.tensor(-10.0 * progress))) - 1
        features = reverse_gradient(torch.cat([source, target]), float(factor))
        logits = self.layers(features).squeeze(1)
        ours, theirs = logits.split([len(source), len(target)])
        return (F.softplus(-ours).mean() + F.softplus(theirs).mean()) / 2


def reverse_gradient(values: Tensor, factor: float) -> Tensor:
    """The values themselves, with a gradient of `-factor` times theirs (equation 13)."""
    return (1 + factor) * values.detach() - factor * values


def _covariance(features: Tensor) -> Tensor:
    """`(d, d)`, by rows - 1 (equations 2 and 3)."""
    centred = features - features.mean(dim=0)
    return centred.T @ centred / (len(features) - 1)
