"""Masked-feature modelling: say which cells of a row were replaced, and what stood there.

Yoon et al., "VIME: Extending the Success of Self- and Semi-supervised Learning to Tabular Domain" (2020),
section 4.1, https://proceedings.neurips.cc/paper/2020/hash/7d97667a3e056acab9aaf653807b4a03-Abstract.html
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .network import TabularNetwork

__all__ = ["MaskedFeatures", "differs", "reconstruction_loss", "replace_cells"]


class MaskedFeatures(nn.Module):
    """Guess the mask and the row from its corrupted copy, each by one linear layer.

    Args:
        network: its `encode` is what is learned.
        masked: share of the cells that is replaced.
        alpha: what the reconstruction weighs beside the mask.
    """

    def __init__(self, network: TabularNetwork, *, masked: float = 0.3, alpha: float = 2.0):
        super().__init__()
        if not 0 < masked < 1:
            raise ValueError(f"masked: got {masked}, expected a share between 0 and 1")
        inputs = network.embedding.inputs
        self.network, self.masked, self.alpha = network, masked, alpha
        self.cardinalities = inputs.cardinalities
        self.mask_head = nn.Linear(network.width, inputs.features)
        self.feature_head = nn.Linear(network.width, inputs.numeric + sum(inputs.cardinalities))

    def forward(
        self,
        inputs: tuple[Tensor, ...],
        target: Tensor | None = None,
        weight: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Loss of numbers `(batch, numeric)` and codes `(batch, columns)`; labels and weights aren't used."""
        numeric, categorical = inputs
        corrupted = replace_cells(inputs, self.masked, generator)
        # A cell that drew its own value wasn't replaced (the mask as their code computes it).
        mask = torch.cat([differs(new, old) for new, old in zip(corrupted, inputs, strict=True)], dim=1)
        encoded = self.network.encode(*corrupted)
        mask_loss = F.binary_cross_entropy_with_logits(self.mask_head(encoded).float(), mask.float())
        guess = self.feature_head(encoded).float()
        return mask_loss + self.alpha * reconstruction_loss(guess, numeric, categorical, self.cardinalities)


def replace_cells(
    inputs: tuple[Tensor, ...], share: float, generator: torch.Generator | None
) -> tuple[Tensor, ...]:
    """Replace each cell with probability `share` by a draw from its column's marginal.

    The draw is the value of another row of the batch, which is a random sample of the train rows: as in the
    paper, each column is shuffled by itself.

    Args:
        inputs: tensors `(batch, columns)`.
        share: of the cells to replace.
        generator: where the draws come from.
    """
    device = generator.device if generator is not None else inputs[0].device
    replaced = []
    for part in inputs:
        donors = torch.rand(part.shape, generator=generator, device=device).argsort(dim=0).to(part.device)
        chosen = (torch.rand(part.shape, generator=generator, device=device) < share).to(part.device)
        replaced.append(torch.where(chosen, part.gather(0, donors), part))
    return tuple(replaced)


def differs(new: Tensor, old: Tensor) -> Tensor:
    """Where two tensors differ; a missing number, NaN, is like any other."""
    return (new != old) & ~(new.isnan() & old.isnan())


def reconstruction_loss(
    guess: Tensor, numeric: Tensor, categorical: Tensor, cardinalities: tuple[int, ...]
) -> Tensor:
    """Squared error of numbers and cross-entropy of categories, averaged over all cells that are there.

    The paper takes every column for a number; a category's code isn't one.

    Args:
        guess: `(batch, numeric + sum of cardinalities)`: numbers, then logits for each categorical column.
        numeric: `(batch, numeric)`; NaN cells are not counted.
        categorical: `(batch, columns)` codes.
        cardinalities: codes of each categorical column.
    """
    numbers, *logits = guess.split([numeric.shape[1], *cardinalities], dim=1)
    missing = numeric.isnan()
    total = (numbers - numeric.nan_to_num()).square().masked_fill(missing, 0.0).sum()
    for column, scores in enumerate(logits):
        total = total + F.cross_entropy(scores, categorical[:, column], reduction="sum")
    return total / ((~missing).sum() + categorical.numel()).clamp(min=1)
