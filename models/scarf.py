"""SCARF: learn the rows of a table by telling each from the others after some columns were replaced.

Bahri et al., "SCARF: Self-Supervised Contrastive Learning using Random Feature Corruption" (2022), section 3
and algorithm 1, https://arxiv.org/abs/2106.15147
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .network import Network

__all__ = ["SCARF", "corrupt", "info_nce"]


class SCARF(nn.Module):
    """Contrast each row with its corrupted copy.

    Args:
        network: its `encode` is what is learned.
        corruption: share of the columns that is replaced.
        temperature: divides the similarities.
        projection_width: units of the head that is thrown away afterwards.
    """

    def __init__(
        self,
        network: Network,
        *,
        corruption: float = 0.6,
        temperature: float = 1.0,
        projection_width: int = 256,
    ):
        super().__init__()
        self.network, self.corruption, self.temperature = network, corruption, temperature
        self.projection = nn.Sequential(
            nn.Linear(network.width, projection_width),
            nn.ReLU(),
            nn.Linear(projection_width, projection_width),
        )

    def forward(
        self,
        inputs: tuple[Tensor, ...],
        target: Tensor | None = None,
        weight: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Loss of a batch of columns, each `(batch, columns)`; labels and weights are not looked at."""
        anchors = self.projection(self.network.encode(*inputs))
        corrupted = corrupt(inputs, self.corruption, generator)
        return info_nce(anchors, self.projection(self.network.encode(*corrupted)), self.temperature)


def corrupt(
    inputs: tuple[Tensor, ...], share: float, generator: torch.Generator | None
) -> tuple[Tensor, ...]:
    """Replace `floor(share * columns)` random columns of each row by draws from their empirical marginals.

    The batch is a random sample of the train rows, so the value of a random row of the batch is such a draw.

    Args:
        inputs: tensors `(batch, columns)`; the columns of all of them are drawn from together.
        share: share of the columns to replace, in [0, 1].
        generator: where the draws come from.
    """
    rows, device = len(inputs[0]), inputs[0].device
    columns = sum(part.shape[1] for part in inputs)
    source = generator.device if generator is not None else device
    order = torch.rand(rows, columns, generator=generator, device=source).argsort(dim=1).argsort(dim=1)
    donors = torch.randint(rows, (rows, columns), generator=generator, device=source)
    sizes = [part.shape[1] for part in inputs]
    chosen = (order < int(share * columns)).to(device).split(sizes, dim=1)
    donors = donors.to(device).split(sizes, dim=1)
    return tuple(
        torch.where(mask, part.gather(0, rows_), part)
        for part, mask, rows_ in zip(inputs, chosen, donors, strict=True)
    )


def info_nce(anchors: Tensor, positives: Tensor, temperature: float) -> Tensor:
    """How badly each anchor picks its own positive out of the batch's, by cosine similarity (section 3).

    The paper divides the denominator by the batch size; that constant, log(batch), is left out here.

    Args:
        anchors: `(batch, width)`.
        positives: `(batch, width)`, row i belongs to anchor i.
        temperature: divides the similarities.

    Returns:
        Scalar; log(batch) when nothing is told apart.
    """
    similarities = F.normalize(anchors.float(), dim=1) @ F.normalize(positives.float(), dim=1).T
    return F.cross_entropy(similarities / temperature, torch.arange(len(anchors), device=anchors.device))
