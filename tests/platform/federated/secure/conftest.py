"""A whole secure sum without Flower, with clients that may drop out at each step."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import numpy as np
import pytest
from assay.platform.federated.secure.graph import Neighbourhood, choose_neighbourhood, neighbours
from assay.platform.federated.secure.keys import PublicKeys
from assay.platform.federated.secure.member import Member
from assay.platform.federated.secure.tally import Tally

WIDTH = 7


@dataclass
class Played:
    """All that went through a sum: what the server saw, and what only clients know."""

    members: dict[int, Member]
    graph: dict[int, list[int]]
    around: Neighbourhood
    keys: dict[int, PublicKeys] = field(default_factory=dict)
    sealed: dict[int, dict[int, bytes]] = field(default_factory=dict)
    commitments: dict[int, bytes] = field(default_factory=dict)
    hidden: dict[int, np.ndarray] = field(default_factory=dict)
    own: dict[int, dict[int, bytes]] = field(default_factory=dict)
    masking: dict[int, dict[int, bytes]] = field(default_factory=dict)

    @property
    def total(self) -> np.ndarray:
        """What the server makes of it."""
        tally = Tally(
            keys=self.keys,
            commitments=self.commitments,
            graph=self.graph,
            threshold=self.around.threshold,
            width=WIDTH,
        )
        return tally.unmask(self.hidden, self.own, self.masking)


def _play(vectors: np.ndarray, *, shares=(), vector=(), unmask=(), session: int = 1) -> Played:
    everybody = range(len(vectors))
    around = choose_neighbourhood(len(vectors), 0.1, 0.3)
    graph = neighbours(everybody, around.degree)
    told = Played({one: Member(number=one, session=session) for one in everybody}, graph, around)
    told.keys = {one: member.keys() for one, member in told.members.items()}
    for one in set(everybody) - set(shares):
        peers = {peer: told.keys[peer] for peer in graph[one]}
        told.sealed[one], told.commitments[one] = told.members[one].share(peers, around.threshold)
    for one in told.sealed.keys() - set(vector):
        received = {peer: told.sealed[peer][one] for peer in graph[one] if peer in told.sealed}
        told.hidden[one] = told.members[one].hide(received, vectors[one], WIDTH)
    _reveal(told, told.hidden.keys() - set(unmask))
    return told


def _reveal(told: Played, left: Collection[int]) -> None:
    for one in left:
        survivors = [peer for peer in told.graph[one] if peer in told.hidden]
        dropped = [peer for peer in told.graph[one] if peer in told.sealed and peer not in told.hidden]
        own, masking = told.members[one].reveal(survivors, dropped)
        for peers, given, kept in ((survivors, own, told.own), (dropped, masking, told.masking)):
            for peer, share in zip(peers, given, strict=True):
                kept.setdefault(peer, {})[one] = share


@pytest.fixture(scope="session")
def play() -> Callable[..., Played]:
    """`play(vectors, shares=…, vector=…, unmask=…)`: a sum of `(clients, length)` integers, and who drops out
    before which step."""
    return _play
