"""What a round would have come to without some of its clients: measured by all clients' validation rows.

Clients train once. Their answers are joined again without some of them, as FedAvg would, and the weights that
this makes are judged. Wang et al., "A Principled Approach to Data Valuation for Federated Learning" (2020),
section 3, https://arxiv.org/abs/2009.06192, call what comes of it the federated Shapley value; Song et al.,
"Profit Allocation for Federated Learning" (2019), section 4, https://doi.org/10.1109/BigData47090.2019.9006327,
the multi-round contribution index. `audits/clients/contributions.py` makes values of the losses.

All clients see these weights, and could compute single updates from them.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from flwr.app import ArrayRecord

from .course import Round
from .messages import EXAMPLES
from .updates import Updates

__all__ = ["Contributions", "coalitions"]

#: Numbers that every client told of some weights, by client.
Judged = Mapping[int, Mapping[str, Any]]


def coalitions(method: str, clients: int) -> np.ndarray:
    """`(coalitions, clients)` bool: whose answers are joined, one row after the other.

    Args:
        method: `shapley` for all subsets, row k the binary digits of k, the lowest first; `leave_one_out`
            for nobody, everybody, and everybody but one.
        clients: whose answers counted.
    """
    if method == "shapley":
        return (np.arange(2**clients)[:, None] >> np.arange(clients) & 1).astype(bool)
    everybody = np.ones((1, clients), dtype=bool)
    return np.concatenate([~everybody, everybody, ~np.eye(clients, dtype=bool)])


class Contributions:
    """Watch rounds, and have each one's coalitions judged.

    Args:
        method: `shapley` or `leave_one_out`.
        judge: has weights judged, given a round's number.
    """

    name = "contributions"

    def __init__(self, method: str, judge: Callable[[ArrayRecord, int], Judged]):
        self.method, self.judge = method, judge

    def round(self, seen: Round) -> dict[str, Any]:
        """`clients` whose answers counted, and the `losses` of their coalitions, or null.

        Only clients count that judged every coalition; `judges` is their number.
        """
        updates = Updates.of(seen)
        told = [
            self.judge(updates.joined(members), seen.number)
            for members in coalitions(self.method, len(seen.answers))
        ]
        judges = sorted(set.intersection(*(set(numbers) for numbers in told)))
        losses = np.array([[numbers[client]["loss"] for client in judges] for numbers in told])
        masses = np.array([told[0][client][EXAMPLES] for client in judges], dtype=np.float64)
        able = masses.sum() > 0
        return {
            "round": seen.number,
            "clients": list(seen.answers),
            "judges": len(judges),
            "losses": (losses @ masses / masses.sum()).tolist() if able else None,
        }
