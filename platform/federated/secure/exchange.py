"""The server's side of one secure sum: four messages to each client, and who dropped out at which.

Bell et al. (2020), algorithm 2, https://eprint.iacr.org/2020/704.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from flwr.app import ConfigRecord, Message, RecordDict
from flwr.serverapp import Grid
from numpy.typing import NDArray

from ...exceptions import AssayError, CombinationError
from ..faults import Fault, RefusedError, sifted
from ..messages import METRICS
from .client import COUNTS, MASKED, SECURE
from .config import SecureConfig
from .fixed_point import FixedPoint, Sums
from .graph import LEAST, Neighbourhood, choose_neighbourhood, neighbours
from .keys import KEY_BYTES, PublicKeys
from .masks import unpacked
from .records import byte_strings, one, size, whole_numbers
from .shares import SHARE_BYTES
from .tally import Tally

__all__ = ["Question", "Summed", "secure_sum"]

_T = TypeVar("_T")

#: Sealed shares by receiver, and what a client's own mask is held against.
_Shares = tuple[dict[int, bytes], bytes]


@dataclass(frozen=True, kw_only=True)
class Question:
    """What clients are asked for in a sum.

    Attributes:
        kind: type of the message.
        content: by node of those that are there, what the app is asked, as without secure aggregation.
        asked: client by node.
        values: how many numbers an answer's arrays have.
        session: the sum's number, higher than of all before.
        round: that it belongs to.
        rounding: seed of how clients round.
        timeout: seconds for each step.
    """

    kind: str
    content: Mapping[int, RecordDict]
    asked: Mapping[int, int]
    values: int
    session: int
    round: int
    rounding: int
    timeout: float


@dataclass(frozen=True, kw_only=True)
class Summed:
    """What came of it.

    Attributes:
        sums: all that the server learned of the answers.
        clients: whose answers are in them.
        faults: of all whose answers aren't.
        dropped: clients that were lost at each step.
        degree: neighbours of each client.
        threshold: shares that unmask.
        sent: bytes of records to all clients and back.
        seconds: of all but waiting for the vectors.
    """

    sums: Sums
    clients: tuple[int, ...]
    faults: list[Fault]
    dropped: dict[str, int]
    degree: int
    threshold: int
    sent: int
    seconds: float


@dataclass
class _Exchange:
    """The four messages: clients that answer one are asked the next."""

    grid: Grid
    question: Question
    faults: list[Fault] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=dict)
    sent: int = 0

    @property
    def nodes(self) -> dict[int, int]:
        """Node by client, in the order of the clients' numbers."""
        return dict(sorted((client, node) for node, client in self.question.asked.items()))

    def ask(
        self, step: str, told: Mapping[int, dict[str, Any]], read: Callable[[RecordDict, int], _T]
    ) -> dict[int, _T]:
        """Send a step's message to each client, and read what comes back.

        Args:
            step: its name.
            told: by client, what it is told in this step.
            read: makes something of a client's answer, or raises any of the usual errors.
        """
        question, nodes, there = self.question, self.nodes, set(self.grid.get_node_ids())
        asked, messages = {nodes[client]: client for client in told}, []
        for node in [node for node in asked if node in there and node in question.content]:
            record = ConfigRecord({"step": step, "session": question.session, **told[asked[node]]})
            rest = question.content[node] if step == "vector" else {}
            messages.append(Message(RecordDict({**rest, SECURE: record}), node, question.kind))
            self.sent += size(messages[-1].content)

        def check(reply: Message) -> _T:
            self.sent += size(reply.content)
            if reply.content.metric_records.get(METRICS, {}).get("session") != question.session:
                raise RefusedError("stale", "an answer to another sum")
            try:
                return read(reply.content, asked[reply.metadata.src_node_id])
            except (KeyError, TypeError, ValueError, OSError, EOFError) as error:
                raise RefusedError("malformed", f"step {step}: {error!r}"[:200]) from error

        replies = self.grid.send_and_receive(messages, timeout=question.timeout) if messages else ()
        found, faults = sifted(replies, asked, question.round, check)
        self.dropped[step] = len(faults)
        if step != "unmask":  # an answer is in the sum by then
            self.faults += faults
        return found

    def too_few(self, left: int, least: int) -> str:
        """Why the sum can't be had."""
        lines = [f"  client {fault.client}: {fault.said}" for fault in self.faults[:5]]
        said = f"round {self.question.round}: {left} clients are left for a secure sum, {least} are needed"
        return "\n".join([said, *lines])


def secure_sum(grid: Grid, question: Question, config: SecureConfig) -> Summed:
    """Learn the sum of clients' answers.

    Args:
        grid: where they are.
        question: what they are asked.
        config: how it is hidden.

    Raises:
        AssayError: too few clients are left to make or unmask it; nothing was learned then.
    """
    begun = time.monotonic()
    exchange, fixed = _Exchange(grid, question), FixedPoint(clip=config.clip, bits=config.bits)
    keys = exchange.ask("keys", {client: {} for client in exchange.nodes}, _keys)
    around = _around(len(keys), config, exchange)
    graph = neighbours(list(keys), around.degree)
    shares = exchange.ask("shares", _peers(keys, graph, around.threshold), _shares(graph))
    told = {"clip": fixed.clip, "bits": fixed.bits, "clients": len(keys), "rounding": question.rounding}
    waiting, width = time.monotonic(), fixed.width
    vectors = {client: told | part for client, part in _received(shares, graph).items()}
    hidden = exchange.ask("vector", vectors, _vector(question.values + 2 + COUNTS, width))
    waited = time.monotonic() - waiting
    if len(hidden) < LEAST:
        raise AssayError(exchange.too_few(len(hidden), LEAST))
    ways = {client: _ways(graph[client], shares, hidden) for client in hidden}
    revealed = exchange.ask("unmask", ways, _unmasking(ways))
    commitments = {client: commitment for client, (_, commitment) in shares.items()}
    tally = Tally(keys=keys, commitments=commitments, graph=graph, threshold=around.threshold, width=width)
    total = tally.unmask(hidden, _by_owner(ways, revealed, "survivors"), _by_owner(ways, revealed, "dropped"))
    return Summed(
        sums=fixed.decode(total, COUNTS),
        clients=tuple(hidden),
        faults=sorted(exchange.faults, key=lambda fault: fault.client),
        dropped=exchange.dropped,
        degree=around.degree,
        threshold=around.threshold,
        sent=exchange.sent,
        seconds=time.monotonic() - begun - waited,
    )


def _around(clients: int, config: SecureConfig, exchange: _Exchange) -> Neighbourhood:
    """How many neighbours, for those that are there."""
    try:
        return choose_neighbourhood(clients, config.colluding, config.dropouts)
    except CombinationError as error:
        raise AssayError(exchange.too_few(clients, LEAST)) from error


def _peers(
    keys: Mapping[int, PublicKeys], graph: Mapping[int, Sequence[int]], threshold: int
) -> dict[int, dict[str, Any]]:
    """What each client is told of its neighbours."""
    return {
        client: {
            "threshold": threshold,
            "peers": list(peers),
            "sealing": [keys[peer].sealing for peer in peers],
            "masking": [keys[peer].masking for peer in peers],
        }
        for client, peers in graph.items()
    }


def _received(shares: Mapping[int, _Shares], graph: Mapping[int, Sequence[int]]) -> dict[int, dict[str, Any]]:
    """What each client is given of its neighbours' shares."""
    found = {}
    for client in shares:
        peers = [peer for peer in graph[client] if peer in shares]
        found[client] = {"from": peers, "sealed": [shares[peer][0][client] for peer in peers]}
    return found


def _ways(peers: Sequence[int], shares: Mapping[int, Any], hidden: Mapping[int, Any]) -> dict[str, Any]:
    """Which way a client is asked for its neighbours' shares."""
    return {
        "survivors": [peer for peer in peers if peer in hidden],
        "dropped": [peer for peer in peers if peer in shares and peer not in hidden],
    }


def _by_owner(
    ways: Mapping[int, Mapping[str, Sequence[int]]],
    revealed: Mapping[int, Mapping[str, Sequence[bytes]]],
    way: str,
) -> dict[int, dict[int, bytes]]:
    """Shares that were revealed one way, by the client that they are of, and then by who held them."""
    found: dict[int, dict[int, bytes]] = {}
    for holder, shares in revealed.items():
        for owner, share in zip(ways[holder][way], shares[way], strict=True):
            found.setdefault(owner, {})[holder] = share
    return found


def _keys(content: RecordDict, client: int) -> PublicKeys:
    """What a client shows of itself."""
    record = content.config_records[SECURE]
    return PublicKeys(*(one(record, key, length=KEY_BYTES) for key in ("sealing", "masking")))


def _shares(graph: Mapping[int, Sequence[int]]) -> Callable[[RecordDict, int], _Shares]:
    def read(content: RecordDict, client: int) -> _Shares:
        """Sealed shares by receiver, and a commitment."""
        record = content.config_records[SECURE]
        to = whole_numbers(record, "to")
        if set(to) != set(graph[client]):
            raise ValueError("shares for others than its neighbours")
        sealed = dict(zip(to, byte_strings(record, "sealed", number=len(to)), strict=True))
        return sealed, one(record, "commitment", length=KEY_BYTES)

    return read


def _vector(length: int, width: int) -> Callable[[RecordDict, int], NDArray[np.uint64]]:
    def read(content: RecordDict, client: int) -> NDArray[np.uint64]:
        """A masked vector."""
        data = content.array_records[MASKED][MASKED].numpy()
        if data.dtype != np.uint8 or data.shape != (length * width,):
            raise RefusedError("shape", f"{data.dtype} {data.shape}, not uint8 ({length * width},)")
        return unpacked(data, width)

    return read


def _unmasking(
    ways: Mapping[int, Mapping[str, Sequence[int]]],
) -> Callable[[RecordDict, int], dict[str, list[bytes]]]:
    def read(content: RecordDict, client: int) -> dict[str, list[bytes]]:
        """Shares in the order of those whose they are."""
        record = content.config_records[SECURE]
        return {
            way: byte_strings(record, way, number=len(peers), length=SHARE_BYTES)
            for way, peers in ways[client].items()
        }

    return read
