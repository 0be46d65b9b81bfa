"""Which answers of a round may count: a client that fails is left out and counted, and the round goes on.

Nothing that a client sends is believed: arrays must have the names, shapes and precision of what was sent,
and be finite; the round must be this one. Small lies pass: against those are the robust strategies.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import numpy as np
from flwr.app import Array, ArrayRecord, Message, MetricRecord, RecordDict

from .held import record_of
from .messages import ARRAYS, CONTROL, EXAMPLES, METRICS, ROUND, record_in

__all__ = ["Fault", "RefusedError", "Wanted", "accepted", "sifted"]

_T = TypeVar("_T")

Kind = Literal["missing", "raised", "stale", "shape", "not_finite", "malformed"]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """An answer that didn't count.

    Attributes:
        round: number of the round.
        client: number of the client.
        kind: `missing` no answer in time; `raised` the client ended in an error; `stale` the answer is to
            another round; `shape` arrays of other names, shapes or precision; `not_finite` NaN or infinite
            numbers; `malformed` anything else that isn't an answer.
        said: in words.
    """

    round: int
    client: int
    kind: Kind
    said: str


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What an answer has to be.

    Attributes:
        round: number of the round.
        numbers: names of the numbers that it has, beside its round and how much it counts.
        optional: names of those that it may have; any other is dropped.
        arrays: that it has the likes of; empty where it has none.
        controls: names of those arrays that come a second time, as SCAFFOLD's changes.
    """

    round: int
    numbers: tuple[str, ...]
    optional: tuple[str, ...] = ()
    arrays: Mapping[str, Array] = field(default_factory=dict)
    controls: tuple[str, ...] = ()


class RefusedError(Exception):
    """Why an answer doesn't count.

    Args:
        kind: as a fault's.
        said: in words.
    """

    def __init__(self, kind: Kind, said: str):
        super().__init__(said)
        self.kind: Kind = kind


def accepted(
    replies: Iterable[Message], asked: Mapping[int, int], wanted: Wanted
) -> tuple[list[Message], list[Fault]]:
    """The answers that count, in the order of the clients' numbers, and the faults of all others.

    Args:
        replies: whatever came, in any order.
        asked: client by node, of those that were asked.
        wanted: what an answer has to be.
    """
    found, faults = sifted(replies, asked, wanted.round, lambda reply: _checked(reply, wanted))
    return list(found.values()), faults


def sifted(
    replies: Iterable[Message], asked: Mapping[int, int], round_number: int, check: Callable[[Message], _T]
) -> tuple[dict[int, _T], list[Fault]]:
    """What is made of the answers that count, by client in the order of their numbers, and all faults.

    Args:
        replies: whatever came, in any order.
        asked: client by node, of those that were asked.
        round_number: of the faults.
        check: makes something of an answer that is no error, or raises `RefusedError`.
    """
    found: dict[int, _T] = {}
    faults: dict[int, Fault] = {}
    for reply in replies:
        node = reply.metadata.src_node_id
        if node not in asked or node in found or node in faults:
            continue  # nobody was asked, or it has answered already
        try:
            if reply.has_error():
                said = (reply.error.reason or f"error {reply.error.code}").strip()[-500:]
                raise RefusedError("raised", said)
            found[node] = check(reply)
        except RefusedError as refused:
            said = str(refused)
            faults[node] = Fault(round=round_number, client=asked[node], kind=refused.kind, said=said)
    for node in asked.keys() - found.keys() - faults.keys():
        faults[node] = Fault(round=round_number, client=asked[node], kind="missing", said="no answer in time")
    order = sorted(asked, key=asked.__getitem__)
    counted = {asked[node]: found[node] for node in order if node in found}
    return counted, [faults[node] for node in order if node in faults]


def _checked(reply: Message, wanted: Wanted) -> Message:
    """The answer with what was wanted of it, arrays in the order in which they were sent.

    Raises:
        RefusedError: it can't count.
    """
    content = reply.content
    checked = RecordDict({METRICS: _numbers(record_in(content, METRICS, MetricRecord), wanted)})
    if wanted.arrays:
        checked[ARRAYS] = _arrays(record_in(content, ARRAYS, ArrayRecord), wanted.arrays)
    if wanted.controls:
        likes = {name: wanted.arrays[name] for name in wanted.controls}
        checked[CONTROL] = _arrays(record_in(content, CONTROL, ArrayRecord), likes)
    reply.content = checked
    return reply


def _numbers(record: MetricRecord | None, wanted: Wanted) -> MetricRecord:
    """Numbers that a mean can be made of, of this round: Flower's strategies fail where clients' differ."""
    if record is None:
        raise RefusedError("malformed", "no numbers came with it")
    if record.get(ROUND) != wanted.round:
        raise RefusedError("stale", f"an answer to round {record.get(ROUND)}")
    found = {name: record.get(name) for name in (EXAMPLES, *wanted.numbers)}
    found |= {name: record[name] for name in wanted.optional if name in record}
    numbers: dict[str, float] = {}
    for name, value in found.items():
        if not isinstance(value, (int, float)):
            raise RefusedError("malformed", f"{name} is {value!r}"[:200])
        if not math.isfinite(value):
            raise RefusedError("not_finite", f"{name} is {value}")
        numbers[name] = value
    if numbers[EXAMPLES] < 0 or (wanted.arrays and numbers[EXAMPLES] == 0):
        raise RefusedError("malformed", f"{EXAMPLES} is {numbers[EXAMPLES]}")
    return MetricRecord({ROUND: wanted.round, **numbers})


def _arrays(record: ArrayRecord | None, likes: Mapping[str, Array]) -> ArrayRecord:
    """Arrays like those that were sent, in their order: strategies lay them side by side by position."""
    if record is None or set(record) != set(likes):
        named = "none" if record is None else ", ".join(sorted(set(record) ^ set(likes))[:3])
        raise RefusedError("shape", f"other arrays than were sent: {named}")
    for name, like in likes.items():
        try:
            values = record[name].numpy()
        except (TypeError, ValueError, OSError, EOFError) as error:
            raise RefusedError("malformed", f"{name}: {error}") from error
        if values.shape != tuple(like.shape) or values.dtype != np.dtype(like.dtype):
            sent = f"{like.dtype} {tuple(like.shape)}"
            raise RefusedError("shape", f"{name}: {values.dtype} {values.shape}, not {sent}")
        if not np.isfinite(values).all():
            raise RefusedError("not_finite", f"{name} isn't finite")
    return record_of({name: record[name] for name in likes})
