"""A Flower grid without servers: each message is answered by calling the client's app, here and now.

For development and small models. A client keeps its state between rounds as at a node of its own.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count

from flwr.app import ArrayRecord, ConfigRecord, Context, Message, MetricRecord, RecordDict
from flwr.app.error import Error
from flwr.clientapp import ClientApp
from flwr.common.constant import SUPERLINK_NODE_ID, ErrorCode
from flwr.serverapp import Grid, ServerApp
from flwr.supercore.run import Run
from flwr.supercore.task_identity import TaskIdentity

from ..messages import PARTITION

__all__ = ["InProcessGrid", "in_process", "run_in_process"]

_RUN = 1


class InProcessGrid(Grid):
    """As many clients as asked for; node n is client n - 1.

    Args:
        app: what answers.
        clients: number of clients.
    """

    def __init__(self, app: ClientApp, clients: int):
        self.app = app
        self._run = Run.create_empty(_RUN)
        self._replies: dict[str, Message] = {}
        self._numbers = count(1)
        self.contexts = {
            client + 1: Context(
                run_id=_RUN,
                node_id=client + 1,
                node_config={PARTITION: client, "num-partitions": clients},
                state=RecordDict(),
                run_config={},
            )
            for client in range(clients)
        }

    def set_run(self, run: Run) -> None:
        """Take a run's description."""
        self._run = run

    @property
    def run(self) -> Run:
        """The run's description."""
        return self._run

    def create_message(
        self,
        content: RecordDict,
        message_type: str,
        dst_node_id: int,
        group_id: str,
        ttl: float | None = None,
    ) -> Message:
        """A message to a node."""
        return Message(content, dst_node_id, message_type, ttl=ttl, group_id=group_id)

    def get_node_ids(self) -> Iterable[int]:
        """All clients' nodes."""
        return list(self.contexts)

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """Have messages answered; the answers wait until they are pulled."""
        return [message_id for message_id, _ in self._answered(messages)]

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """The answers to messages that were pushed."""
        return [self._replies.pop(message_id) for message_id in message_ids if message_id in self._replies]

    def send_and_receive(
        self, messages: Iterable[Message], *, timeout: float | None = None
    ) -> Iterable[Message]:
        """The answers, but for those of clients that took longer than `timeout` seconds.

        Clients take turns here, and each has the timeout to itself, as on a machine of its own.
        """
        in_time = [
            message_id
            for message_id, seconds in self._answered(messages)
            if timeout is None or seconds <= timeout
        ]
        replies = self.pull_messages(in_time)
        self._replies.clear()
        return replies

    def _answered(self, messages: Iterable[Message]) -> list[tuple[str, float]]:
        """Have each message answered; its id, and the seconds that it took."""
        done = []
        for message in messages:
            message_id, begun = str(next(self._numbers)), time.monotonic()
            message.metadata.__dict__["_message_id"] = message_id  # as a SuperLink would
            # Messages of a round share their records, and a client may write into its own.
            message.content = RecordDict({name: _copied(record) for name, record in message.content.items()})
            self._replies[message_id] = self._answer(message)
            done.append((message_id, time.monotonic() - begun))
        return done

    def _answer(self, message: Message) -> Message:
        """What the client's app says; an exception becomes an error's message, as at a node."""
        context = self.contexts[message.metadata.dst_node_id]
        try:
            return self.app(message, context)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            return Message(Error(ErrorCode.CLIENT_APP_RAISED_EXCEPTION, reason), reply_to=message)


def _copied(
    record: ArrayRecord | MetricRecord | ConfigRecord,
) -> ArrayRecord | MetricRecord | ConfigRecord:
    """A record of its own; arrays are never written to and stay shared."""
    return type(record)(dict(record))  # type: ignore[arg-type]


@contextmanager
def in_process(app: ClientApp, clients: int) -> Iterator[Grid]:
    """A grid in this process, for as long as the block lasts.

    Flower names the process that makes a message in a place that is global to it.
    """
    before = {name: getattr(TaskIdentity, f"_{name}") for name in ("run_id", "node_id", "task_id")}
    TaskIdentity.run_id, TaskIdentity.node_id, TaskIdentity.task_id = _RUN, SUPERLINK_NODE_ID, 1
    try:
        yield InProcessGrid(app, clients)
    finally:
        for name, value in before.items():
            setattr(TaskIdentity, name, value)


def run_in_process(server: ServerApp, client: ClientApp, clients: int) -> None:
    """Run both apps in this process."""
    with in_process(client, clients) as grid:
        server(grid, Context(_RUN, SUPERLINK_NODE_ID, {}, RecordDict(), {}))
