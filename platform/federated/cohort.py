"""Who trains in a round, and a Flower grid that shows only their nodes: a strategy asks just those."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from flwr.app import Message, RecordDict
from flwr.serverapp import Grid
from flwr.supercore.run import Run

from ..training.seeding import derive
from .census import Census
from .course import Course

__all__ = ["Cohort", "Draw", "fixed_share"]

Draw = Callable[[Course, Census, int], Mapping[int, int]]
"""Nodes that should train in a round, and their clients' numbers; some may be gone."""


def fixed_share(course: Course, census: Census, round_number: int) -> dict[int, int]:
    """As many clients as the course's fraction makes, drawn alike: their nodes and numbers.

    Some may be gone: they are asked for all the same, and counted as missing.
    """
    everybody = sorted(census.clients.values())
    size = max(1, round(course.fraction * len(everybody)))
    draw = np.random.default_rng(derive(course.seed, "cohort", round_number))
    chosen = set(draw.choice(everybody, size=size, replace=False).tolist())
    return {node: client for node, client in census.clients.items() if client in chosen}


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
