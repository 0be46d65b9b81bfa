"""Whose work processor time was: the measure by which clients of one machine share its energy.

Every answer says how many seconds of processor time went into it. That is a claim: the server takes it off
the answer before anybody else sees it, and believes it as it believes a number of rows.
"""

import math
import time
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any

from flwr.app import Context, Message, MetricRecord
from flwr.serverapp import Grid

from .cohort import Cohort
from .course import Round
from .messages import METRICS, record_in

__all__ = ["CPU_SECONDS", "Effort", "timed"]

#: Key of the claim among an answer's numbers.
CPU_SECONDS = "cpu-seconds"

Handler = Callable[[Message, Context], Message]


def timed(handler: Handler) -> Handler:
    """A client's function whose answers say how much processor time went into them."""

    @wraps(handler)
    def answer(message: Message, context: Context) -> Message:
        begun = time.process_time()
        reply = handler(message, context)
        reply.content.metric_records[METRICS][CPU_SECONDS] = time.process_time() - begun
        return reply

    return answer


class Effort:
    """Watch rounds, and add up the processor time of the server and of each client.

    Args:
        shared: whether clients run in this process, so that its processor time holds theirs.
    """

    name = "effort"

    def __init__(self, *, shared: bool):
        self.shared = shared
        self._rounds: list[dict[str, Any]] = []
        self._clients: dict[int, float] = {}
        self._silent = 0
        self._since = time.process_time()

    def through(self, grid: Grid, clients: Mapping[int, int]) -> Grid:
        """The same grid, whose answers are read on their way.

        Args:
            grid: that messages go through.
            clients: number of each node.
        """
        return _Watched(grid, clients, self._read)

    def round(self, seen: Round) -> None:
        """Close a round: what was spent since the last one is its."""
        self._rounds.append(self._cut(seen.number))

    def to_json(self) -> dict[str, Any]:
        """Whether processor time is `shared`, and for each of the `rounds`, at last for what came after them
        (`round` 0), CPU seconds of the `server` and of each of the `clients`, and the number of answers that
        were `silent` about theirs."""
        return {"shared": self.shared, "rounds": [*self._rounds, self._cut(0)]}

    def _read(self, client: int, reply: Message | None) -> None:
        """Take the claim off an answer; None is an answer that didn't come."""
        seconds = None
        if reply is not None and not reply.has_error():
            seconds = (record_in(reply.content, METRICS, MetricRecord) or {}).pop(CPU_SECONDS, None)
        if isinstance(seconds, (int, float)) and 0 <= seconds < math.inf:
            self._clients[client] = self._clients.get(client, 0.0) + seconds
        else:
            self._silent += 1

    def _cut(self, number: int) -> dict[str, Any]:
        """What was spent since the last cut."""
        now, clients, silent = time.process_time(), self._clients, self._silent
        own = now - self._since - (sum(clients.values()) if self.shared else 0.0)
        self._since, self._clients, self._silent = now, {}, 0
        told = {str(client): clients[client] for client in sorted(clients)}
        return {"round": number, "server": max(own, 0.0), "clients": told, "silent": silent}


class _Watched(Cohort):
    """A grid whose answers are shown to a function before they are handed on."""

    def __init__(self, grid: Grid, clients: Mapping[int, int], read: Callable[[int, Message | None], None]):
        super().__init__(grid, ())
        self.clients, self.read = clients, read

    def get_node_ids(self) -> Iterable[int]:
        """All that are there now."""
        return self.grid.get_node_ids()

    def send_and_receive(
        self, messages: Iterable[Message], *, timeout: float | None = None
    ) -> Iterable[Message]:
        """As the grid does."""
        sent = list(messages)
        replies = list(self.grid.send_and_receive(sent, timeout=timeout))
        found = {reply.metadata.src_node_id: reply for reply in replies}
        for message in sent:
            node = message.metadata.dst_node_id
            self.read(self.clients[node], found.get(node))
        return replies
