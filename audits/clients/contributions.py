"""What each client's answers contributed to the fall of all clients' validation loss.

Each round is a game of the clients whose answers counted: the value of a coalition is minus the loss of the
weights that FedAvg makes of its answers, of nobody's that of the weights before. A client's value is summed
over the rounds up to the one whose weights were kept (Wang et al. 2020, section 3,
https://arxiv.org/abs/2009.06192).

It says what was useful for these validation rows, by the answers along the way that training took; a client
that was never drawn has nothing, however good its rows are, and there is no interval. FedAvg joins the
coalitions, whatever strategy trained.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from math import factorial
from typing import Any

import numpy as np

__all__ = ["leave_one_out", "measure", "shapley"]


def shapley(values: np.ndarray) -> np.ndarray:
    """Shapley's value of each player: what it adds to those before it, a mean over all orders.

    Shapley, "A Value for n-Person Games" (1953), equation 13. Values sum to v(everybody) - v(nobody).

    Args:
        values: `(2^players,)` value of each coalition; the binary digits of its place say who is in, the
            first player the lowest.

    Returns:
        `(players,)`, in the unit of the values.
    """
    players = int(values.size).bit_length() - 1
    masks = np.arange(values.size)
    sizes, weights = np.bitwise_count(masks), _weights(players)
    found = np.empty(players)
    for player in range(players):
        without = masks[masks >> player & 1 == 0]
        gains = values[without | 1 << player] - values[without]
        found[player] = weights[sizes[without]] @ gains
    return found


def leave_one_out(values: np.ndarray) -> np.ndarray:
    """What each player adds to all others.

    Args:
        values: `(players + 2,)` value of nobody, of everybody, and of everybody but each.
    """
    return values[1] - values[2:]


_METHODS = {"shapley": shapley, "leave_one_out": leave_one_out}

#: Place of everybody's value.
_EVERYBODY = {"shapley": -1, "leave_one_out": 1}


def measure(told: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """A client's value, and the fall of the loss that all values are about.

    Args:
        told: `method`, the round that was `kept`, and of `rounds` the `clients` whose answers counted with
            the `losses` of their coalitions, or None.
        names: of the clients, by number.

    Returns:
        `method`, `rounds` that were judged and those `unjudged`, `fall` of the loss over the former, and
        `values`: each client's part of it, by name.
    """
    method, values, fall = told["method"], np.zeros(len(names)), 0.0
    rounds = [one for one in told["rounds"] if one["round"] <= told["kept"]]
    judged = [one for one in rounds if one["losses"] is not None]
    for one in judged:
        worth = -np.array(one["losses"])
        values[one["clients"]] += _METHODS[method](worth)
        fall += float(worth[_EVERYBODY[method]] - worth[0])
    return {
        "method": method,
        "rounds": len(judged),
        "unjudged": len(rounds) - len(judged),
        "fall": fall,
        "values": dict(zip(names, values.tolist(), strict=True)),
    }


@cache
def _weights(players: int) -> np.ndarray:
    """`(players,)` share of all orders in which a given coalition of each size stands before a player."""
    return np.array(
        [factorial(size) * factorial(players - size - 1) / factorial(players) for size in range(players)]
    )
