"""A round's answers as a matrix, for those who look at what single clients sent."""

from dataclasses import dataclass

import numpy as np
from flwr.app import Array, ArrayRecord

from .course import Round
from .messages import ARRAYS, EXAMPLES, METRICS, number

__all__ = ["Updates"]


@dataclass(frozen=True)
class Updates:
    """What each client's answer adds to the weights that it was sent.

    Args:
        before: what was sent.
        rows: `(clients, weights)` float64 differences to it, all arrays side by side.
        counts: `(clients,)` how much each answer counts: rows, as the client says.
    """

    before: ArrayRecord
    rows: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, seen: Round) -> "Updates":
        """Those of a round, in the order of its answers."""
        answers = [answer.content for answer in seen.answers.values()]
        start = _flat(seen.before)
        rows = np.stack([_flat(content.array_records[ARRAYS]) - start for content in answers])
        counts = [number(content.metric_records[METRICS], EXAMPLES) for content in answers]
        return cls(seen.before, rows, np.array(counts, dtype=np.float64))

    def joined(self, members: np.ndarray) -> ArrayRecord:
        """The weights that FedAvg would make of some of the answers: of none those that were sent.

        Args:
            members: `(clients,)` bool.
        """
        if not members.any():
            return self.before
        shares = np.where(members, self.counts, 0.0) / self.counts[members].sum()
        flat, arrays, start = shares @ self.rows, {}, 0
        for name, like in self.before.items():
            values = like.numpy()
            change = flat[start : start + values.size].reshape(values.shape)
            arrays[name] = Array((values + change).astype(values.dtype))
            start += values.size
        return ArrayRecord(arrays)


def _flat(record: ArrayRecord) -> np.ndarray:
    """All arrays of a record side by side."""
    return np.concatenate([array.numpy().astype(np.float64).ravel() for array in record.values()])
