"""How clients' answers reach the server: one by one, or, where something lies between, as one for all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flwr.app import Message
from flwr.serverapp import Grid

from .faults import Fault, Wanted, accepted

__all__ = ["Answers", "Ask", "one_by_one"]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What came back.

    Attributes:
        each: by client in the order of their numbers, the answers that count; empty where the server sees
            none of them.
        joined: what is to be joined: the same, or one answer that stands for all.
        clients: whose answers count.
        faults: every answer that doesn't.
    """

    each: Mapping[int, Message]
    joined: Sequence[Message]
    clients: tuple[int, ...]
    faults: Sequence[Fault]


#: Sends messages, to clients by node of whom some may be gone, and waits so many seconds for what is wanted.
Ask = Callable[[Grid, Sequence[Message], Mapping[int, int], Wanted, float], Answers]


def one_by_one(
    grid: Grid, messages: Sequence[Message], asked: Mapping[int, int], wanted: Wanted, timeout: float
) -> Answers:
    """Ask each client, and look at each answer.

    Args:
        grid: where clients are.
        messages: to those that are there.
        asked: client by node, of all that should answer.
        wanted: what an answer has to be.
        timeout: seconds to wait.
    """
    replies = grid.send_and_receive(messages, timeout=timeout) if messages else ()
    found, faults = accepted(replies, asked, wanted)
    each = {asked[answer.metadata.src_node_id]: answer for answer in found}
    return Answers(each=each, joined=found, clients=tuple(each), faults=faults)
