"""Who shares secrets with whom: every client with the same number of others, all of them where they are few.

Bell et al. (2020), section 3, https://eprint.iacr.org/2020/704: a Harary graph over clients in random order,
of the least degree at which three things fail with a chance small enough, whichever clients collude with
the server and whichever drop out:

- no client has `threshold` colluding neighbours, so that they can't unmask it;
- clients that neither collude nor drop out stay connected, so that the server learns nothing but their
  sum: a Harary graph falls apart only where `degree / 2` in a row, twice, are of the others;
- every client keeps `threshold` neighbours, so that the sum can be unmasked.

Chances are exact hypergeometric tails, times the number of clients. They hold for a server that follows the
protocol: it draws the order.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb

from ...exceptions import CombinationError

__all__ = ["LEAST", "Neighbourhood", "choose_neighbourhood", "neighbours"]

#: Clients below which a sum says too much: each of two knows the other's part.
LEAST = 3

#: Chances of the first two failures, and of the third: 2^-40 and 2^-20.
_SECRECY, _LOSS = 2**40, 2**20


@dataclass(frozen=True)
class Neighbourhood:
    """How many share a client's secrets.

    Attributes:
        degree: neighbours of each client.
        threshold: shares that give a secret back, more than half of them.
    """

    degree: int
    threshold: int


@lru_cache
def choose_neighbourhood(clients: int, colluding: float, dropouts: float) -> Neighbourhood:
    """The least that is secret and survives.

    Args:
        clients: that there are.
        colluding: share of them that may tell the server all they know.
        dropouts: share of them that may drop out.

    Raises:
        CombinationError: no number of neighbours does.
    """
    bad, gone = int(colluding * clients), int(dropouts * clients)
    for degree in range(2, clients - 1, 2):
        threshold = _kept(clients, gone, degree)
        if (
            2 * threshold > degree
            and _rare(clients * _ways(clients - 1, bad, degree, threshold), comb(clients - 1, degree))
            and _rare(clients * comb(bad + gone, degree // 2), comb(clients, degree // 2))
        ):
            return Neighbourhood(degree, threshold)
    threshold = clients - 1 - gone
    if clients < LEAST or threshold <= bad or 2 * threshold <= clients - 1:
        raise CombinationError(
            "so few clients can't be summed in secret",
            got=f"{clients} clients, of which {gone} may drop out and {bad} collude",
            expected=f"{LEAST} or more, and more than half of each one's neighbours left",
            mend="have more clients in a round, or lower federated.secure.dropouts",
        )
    return Neighbourhood(clients - 1, threshold)


def neighbours(clients: Sequence[int], degree: int) -> dict[int, list[int]]:
    """A graph over clients in an order that nobody can foresee: the `degree / 2` next to each on both sides.

    What is summed doesn't depend on it.

    Args:
        clients: their numbers.
        degree: neighbours of each: even, or all others.
    """
    if degree >= len(clients) - 1:
        return {client: [other for other in clients if other != client] for client in clients}
    order = list(clients)
    random.SystemRandom().shuffle(order)
    steps = [step for step in range(-(degree // 2), degree // 2 + 1) if step]
    return {
        client: sorted(order[(place + step) % len(order)] for step in steps)
        for place, client in enumerate(order)
    }


def _kept(clients: int, gone: int, degree: int) -> int:
    """The most neighbours that every client keeps, but for a chance of 2^-20."""
    drawn, seen = comb(clients - 1, degree), 0
    for lost in range(min(gone, degree), 0, -1):
        seen += comb(gone, lost) * comb(clients - 1 - gone, degree - lost)
        if clients * seen * _LOSS > drawn:
            return degree - lost
    return degree


def _ways(others: int, marked: int, drawn: int, least: int) -> int:
    """Ways to draw `drawn` of `others` so that `least` or more are among those that are marked."""
    hits = range(least, min(marked, drawn) + 1)
    return sum(comb(marked, hit) * comb(others - marked, drawn - hit) for hit in hits)


def _rare(ways: int, all_ways: int) -> bool:
    """Whether a chance is at most 2^-40."""
    return ways * _SECRECY <= all_ways
