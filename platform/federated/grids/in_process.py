"""A Flower grid without servers: each message is answered by calling the client's app, here and now.

For development and small models. A client keeps its state between rounds as at a node of its own. Messages
of a round may be answered together, where somebody knows how (`together.py`).
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count

from flwr.app import Context, Message, RecordDict
from flwr.app.error import Error
from flwr.clientapp import ClientApp
from flwr.common.constant import SUPERLINK_NODE_ID, ErrorCode
from flwr.serverapp import Grid, ServerApp
from flwr.supercore.run import Run
from flwr.supercore.task_identity import TaskIdentity

from ..messages import PARTITION

__all__ = ["AnswerTogether", "InProcessGrid", "in_process", "run_in_process"]

_RUN = 1

#: From messages to different nodes, and every node's context, to the answers by node of those that it knows.
AnswerTogether = Callable[[Sequence[Message], Mapping[int, Context]], Mapping[int, Message]]


class InProcessGrid(Grid):
    """As many clients as asked for; node n is client n - 1.

    Args:
        app: what answers.
        clients: number of clients.
        together: what is asked first, of many messages at once; the app answers whatever it leaves.
    """

    def __init__(self, app: ClientApp, clients: int, together: AnswerTogether | None = None):
        self.app, self.together = app, together
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
        sent, done = list(messages), []
        for message in sent:
            message.metadata.__dict__["_message_id"] = str(next(self._numbers))  # as a SuperLink would
        begun = time.monotonic()
        known = self.together(sent, self.contexts) if self.together and sent else {}
        each = (time.monotonic() - begun) / max(1, len(known))
        for message in sent:
            message_id, begun, seconds = message.metadata.message_id, time.monotonic(), each
            reply = known.get(message.metadata.dst_node_id)
            if reply is None:
                reply, seconds = self._answer(message), time.monotonic() - begun
            self._replies[message_id] = reply
            done.append((message_id, seconds))
        return done

    def _answer(self, message: Message) -> Message:
        """What the client's app says; an exception becomes an error's message, as at a node."""
        context = self.contexts[message.metadata.dst_node_id]
        # Messages of a round share their records, and a client may write into its own.
        message.content = RecordDict({name: record.copy() for name, record in message.content.items()})
        try:
            return self.app(message, context)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            return Message(Error(ErrorCode.CLIENT_APP_RAISED_EXCEPTION, reason), reply_to=message)


@contextmanager
def in_process(
    app: ClientApp, clients: int, together: AnswerTogether | None = None
) -> Iterator["InProcessGrid"]:
    """A grid in this process, for as long as the block lasts; arguments as of `InProcessGrid`.

    Flower names the process that makes a message in a place that is global to it.
    """
    before = {name: getattr(TaskIdentity, f"_{name}") for name in ("run_id", "node_id", "task_id")}
    TaskIdentity.run_id, TaskIdentity.node_id, TaskIdentity.task_id = _RUN, SUPERLINK_NODE_ID, 1
    try:
        yield InProcessGrid(app, clients, together)
    finally:
        for name, value in before.items():
            setattr(TaskIdentity, name, value)


def run_in_process(
    server: ServerApp, client: ClientApp, clients: int, together: AnswerTogether | None = None
) -> None:
    """Run both apps in this process; arguments as of `InProcessGrid`."""
    with in_process(client, clients, together) as grid:
        server(grid, Context(_RUN, SUPERLINK_NODE_ID, {}, RecordDict(), {}))
