"""The rows of all clients of one process, one client's after another's, and batches of many clients.

For clients that are trained at once (`stacked.py`). Each step names the rows of every client by its own
draw; no client's step sees another's rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ..training.rows import Batch, Rows

__all__ = ["Crowd"]


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """Rows of clients 0, 1, … .

    Attributes:
        rows: of all of them.
        starts: where each client's start; one more, where the last one's end.
    """

    rows: Rows
    starts: tuple[int, ...]

    @classmethod
    def of(cls, parts: Sequence[Rows]) -> "Crowd":
        """Lay the rows of clients 0, 1, … one after another."""
        columns = zip(*(part.inputs for part in parts), strict=True)
        laid = Rows(
            inputs=tuple(map(torch.cat, columns)),
            target=_laid([part.target for part in parts]),
            weight=_laid([part.weight for part in parts]),
        )
        starts = torch.tensor([0, *(len(part) for part in parts)]).cumsum(0)
        return cls(rows=laid, starts=tuple(starts.tolist()))

    def size(self, client: int) -> int:
        """Rows of a client."""
        return self.starts[client + 1] - self.starts[client]

    def mass(self, client: int) -> float:
        """How much a client's rows count in a mean: their number, or their weight."""
        return self.rows.mass(torch.arange(*self.starts[client : client + 2]))

    def side_by_side(self, clients: Sequence[int], indices: Sequence[Tensor]) -> Batch:
        """A batch of each client, `(clients, batch, …)`; shorter ones are filled up with rows of weight 0.

        Args:
            clients: whose rows; one may be named several times.
            indices: for each of them, the numbers `(batch,)` of its own rows; at least one.
        """
        starts = torch.tensor([self.starts[client] for client in clients]).unsqueeze(1)
        own = pad_sequence(list(indices), batch_first=True, padding_value=-1)
        counted = (own >= 0).to(self.rows.device)
        found = self.rows.batch((starts + own.clamp_min(0)).flatten())
        weight = counted.to(torch.float32)
        if found.weight is not None:
            weight = weight * found.weight.view(own.shape)
        assert found.target is not None, "clients are stacked to learn from labels"
        return Batch(
            inputs=tuple(part.view(*own.shape, *part.shape[1:]) for part in found.inputs),
            target=found.target.view(own.shape),
            weight=weight,
        )


def _laid(parts: Sequence[Tensor | None]) -> Tensor | None:
    """Tensors one after another; None where there are none, which is so of all or of no client."""
    found = [part for part in parts if part is not None]
    assert len(found) in (0, len(parts)), "clients' rows are of one form"
    return torch.cat(found) if found else None
