"""Masked-feature modelling: say which cells of a row were replaced, and what stood there.

Yoon et al., "VIME: Extending the Success of Self- and Semi-supervised Learning to Tabular Domain" (2020),
section 4.1, https://proceedings.neurips.cc/paper/2020/hash/7d97667a3e056acab9aaf653807b4a03-Abstract.html
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .inputs import TabularInput
from .network import TabularNetwork
from .supervised import weighted_mean

__all__ = ["MaskedFeatures", "differs", "ranges_of", "reconstruction_losses", "replace_cells"]


class MaskedFeatures(nn.Module):
    """Guess the mask and the row from its corrupted copy, each by one linear layer.

    Args:
        network: its `encode` is what is learned.
        masked: share of the cells that is replaced.
        alpha: what the reconstruction weighs beside the mask.
        replacement: what stands in a replaced cell: `marginal`, as published, what another row of the batch
            has there; or `uniform`, any value from the column's first bin to its last, or any code: it looks
            at no other row, so differential privacy allows it.
    """

    def __init__(
        self,
        network: TabularNetwork,
        *,
        masked: float = 0.3,
        alpha: float = 2.0,
        replacement: str = "marginal",
    ):
        super().__init__()
        if not 0 < masked < 1:
            raise ValueError(f"masked: got {masked}, expected a share between 0 and 1")
        if replacement not in ("marginal", "uniform"):
            raise ValueError(f"replacement: got {replacement!r}, expected marginal or uniform")
        inputs = network.embedding.inputs
        self.ranges = ranges_of(inputs) if replacement == "uniform" else None
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
        """Mean loss of numbers `(batch, numeric)` and codes `(batch, columns)`; labels aren't used.

        `weight` (batch,) weighs rows; a row's loss is a mean over its own cells.
        """
        numeric, categorical = inputs
        corrupted = replace_cells(inputs, self.masked, generator, self.ranges)
        # A cell that drew its own value wasn't replaced (the mask as their code computes it).
        mask = torch.cat([differs(new, old) for new, old in zip(corrupted, inputs, strict=True)], dim=1)
        encoded = self.network.encode(*corrupted)
        mask_losses = F.binary_cross_entropy_with_logits(
            self.mask_head(encoded).float(), mask.float(), reduction="none"
        ).mean(dim=1)
        guess = self.feature_head(encoded).float()
        losses = reconstruction_losses(guess, numeric, categorical, self.cardinalities)
        return weighted_mean(mask_losses + self.alpha * losses, weight)


def ranges_of(inputs: TabularInput) -> tuple[Tensor, ...]:
    """Least and most value of each column, `(2, columns)`, of numbers and of codes; the most is left out.

    Raises:
        ValueError: numbers without bins have no range.
    """
    if len(inputs.bins) != inputs.numeric:
        raise ValueError(
            "replacement: got uniform and numbers without bins, expected the edges of their bins"
        )
    numbers = torch.tensor([[edges[0] for edges in inputs.bins], [edges[-1] for edges in inputs.bins]])
    codes = torch.tensor([[0] * len(inputs.cardinalities), inputs.cardinalities])
    return numbers.view(2, -1), codes.view(2, -1)


def replace_cells(
    inputs: tuple[Tensor, ...],
    share: float,
    generator: torch.Generator | None,
    ranges: tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, ...]:
    """Replace each cell with probability `share` by a draw from its column's marginal, or from its range.

    A draw from the marginal is the value of another row of the batch, which is a random sample of the train
    rows: as in the paper, each column is shuffled by itself.

    Args:
        inputs: tensors `(batch, columns)`.
        share: of the cells to replace.
        generator: where the draws come from.
        ranges: of each tensor, `(2, columns)`, to draw evenly from; None draws from the marginal.
    """
    device = generator.device if generator is not None else inputs[0].device
    replaced = []
    for place, part in enumerate(inputs):
        draws, chances = (torch.rand(part.shape, generator=generator, device=device) for _ in range(2))
        if ranges is None:
            drawn = part.gather(0, draws.argsort(dim=0).to(part.device))
        else:
            low, high = ranges[place].to(device)
            drawn = low + draws.double() * (high - low)  # in double, so that rounding never gives `high`
            drawn = drawn.to(part)
        replaced.append(torch.where((chances < share).to(part.device), drawn, part))
    return tuple(replaced)


def differs(new: Tensor, old: Tensor) -> Tensor:
    """Where two tensors differ; a missing number, NaN, is like any other."""
    return (new != old) & ~(new.isnan() & old.isnan())


def reconstruction_losses(
    guess: Tensor, numeric: Tensor, categorical: Tensor, cardinalities: tuple[int, ...]
) -> Tensor:
    """Squared error of numbers and cross-entropy of categories, `(batch,)`, a mean over cells that are there.

    The paper takes every column for a number; a category's code isn't one.

    Args:
        guess: `(batch, numeric + sum of cardinalities)`: numbers, then logits for each categorical column.
        numeric: `(batch, numeric)`; NaN cells are not counted.
        categorical: `(batch, columns)` codes.
        cardinalities: codes of each categorical column.
    """
    numbers, *logits = guess.split([numeric.shape[1], *cardinalities], dim=1)
    missing = numeric.isnan()
    total = (numbers - numeric.nan_to_num()).square().masked_fill(missing, 0.0).sum(dim=1)
    for column, scores in enumerate(logits):
        total = total + F.cross_entropy(scores, categorical[:, column], reduction="none")
    return total / ((~missing).sum(dim=1) + categorical.shape[1]).clamp(min=1)
