"""A Flower grid that shows only the nodes of one round, so that a strategy asks just those."""

from collections.abc import Iterable

from flwr.app import Message, RecordDict
from flwr.serverapp import Grid
from flwr.supercore.run import Run

__all__ = ["Cohort"]


class Cohort(Grid):
    """Another grid, seen through who takes part.

    Args:
        grid: that messages go through.
        nodes: that are shown.
    """

    def __init__(self, grid: Grid, nodes: Iterable[int]):
        self.grid, self.nodes = grid, list(nodes)

    def get_node_ids(self) -> Iterable[int]:
        """The nodes that take part."""
        return list(self.nodes)

    def set_run(self, run: Run) -> None:
        """As the grid does."""
        self.grid.set_run(run)

    @property
    def run(self) -> Run:
        """The grid's."""
        return self.grid.run

    def create_message(
        self,
        content: RecordDict,
        message_type: str,
        dst_node_id: int,
        group_id: str,
        ttl: float | None = None,
    ) -> Message:
        """As the grid does."""
        return self.grid.create_message(content, message_type, dst_node_id, group_id, ttl)

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """As the grid does."""
        return self.grid.push_messages(messages)

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """As the grid does."""
        return self.grid.pull_messages(message_ids)

    def send_and_receive(
        self, messages: Iterable[Message], *, timeout: float | None = None
    ) -> Iterable[Message]:
        """As the grid does."""
        return self.grid.send_and_receive(messages, timeout=timeout)
