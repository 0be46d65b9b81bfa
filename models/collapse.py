"""Has self-supervised learning collapsed, giving every input the same representation?

Chen & He, "Exploring Simple Siamese Representation Learning" (2021), section 4.1, https://arxiv.org/abs/2011.10566
"""

import torch.nn.functional as F
from torch import Tensor

__all__ = ["COLLAPSED", "feature_std"]

COLLAPSED = 0.02
"""Below it, a `feature_std` is taken for collapse: a fiftieth of directions spread evenly."""


def feature_std(features: Tensor) -> Tensor:
    """Spread of normalized representations, scaled to be comparable between widths.

    The standard deviation of each component over the rows, averaged over components, times sqrt(width). About
    1 where directions are spread evenly over the sphere; 0 where all rows are alike. Features that are never
    negative (after a ReLU) can't reach 1: only near 0 does it say anything, namely collapse.

    Args:
        features: `(rows, width)`, two rows or more.

    Returns:
        Scalar in [0, about 1].
    """
    normalized = F.normalize(features.float(), dim=1)
    return normalized.std(dim=0).mean() * features.shape[1] ** 0.5
