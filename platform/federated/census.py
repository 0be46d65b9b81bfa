"""Who is there before the first round: every client, one node each."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from flwr.app import Message, MessageType, RecordDict
from flwr.serverapp import Grid

from ..exceptions import AssayError
from .messages import METRICS, PARTITION, number

__all__ = ["Census", "take_census"]

#: Seconds between two looks at who is there.
_LOOK = 0.05


@dataclass(frozen=True)
class Census:
    """Who is there.

    Args:
        clients: number of each node.
        rows: train rows of each node, as it says; nothing where they are secret.
    """

    clients: Mapping[int, int]
    rows: Mapping[int, int]

    @property
    def shares(self) -> dict[int, float]:
        """Of all train rows, by node."""
        total = sum(self.rows.values())
        return {node: rows / total for node, rows in self.rows.items()}


def take_census(grid: Grid, clients: int, timeout: float, content: RecordDict | None = None) -> Census:
    """Wait until all clients are there, and ask who they are.

    Args:
        grid: where they are.
        clients: how many there should be.
        timeout: seconds to wait.
        content: of the question; None is none.

    Raises:
        AssayError: they aren't there in time, or two say that they are the same.
    """
    until = time.monotonic() + timeout
    while len(nodes := sorted(grid.get_node_ids())) < clients:
        if time.monotonic() > until:
            raise AssayError(f"{len(nodes)} of {clients} clients are there after {timeout:g} seconds")
        time.sleep(_LOOK)
    messages = [Message(content or RecordDict(), node, MessageType.QUERY) for node in nodes]
    numbers, rows = {}, {}
    for reply in grid.send_and_receive(messages, timeout=timeout):
        if not reply.has_error() and METRICS in reply.content.metric_records:
            told = reply.content.metric_records[METRICS]
            numbers[reply.metadata.src_node_id] = int(number(told, PARTITION))
            if "train" in told:
                rows[reply.metadata.src_node_id] = int(number(told, "train"))
    if sorted(numbers.values()) != list(range(clients)):
        raise AssayError(
            f"clients 0 to {clients - 1} should be there, one node each; "
            f"those that answered are {sorted(numbers.values())}"
        )
    return Census(numbers, rows)
