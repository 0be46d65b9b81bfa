"""The client's side of secure sums, as a mod of a Flower `ClientApp`: its answers leave in a sum alone.

A message with the record `secure` is a step of a sum. In the third the app answers as it would have, and of
its answer nothing but the masked vector goes out. Other messages pass as they are.
"""

from collections.abc import Callable, Mapping

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp.typing import ClientAppCallable
from numpy.typing import NDArray

from ...exceptions import AssayError
from ...training.seeding import derive
from ..messages import ARRAYS, EXAMPLES, METRICS, PARTITION, number
from .fixed_point import FixedPoint
from .keys import KEY_BYTES, PublicKeys
from .masks import packed
from .member import Member
from .records import byte_strings, whole_numbers

__all__ = ["COUNTS", "LOSS_UNITS", "MASKED", "SECURE", "in_secret"]

#: Records of a message: what the protocol says, and the masked vector.
SECURE, MASKED = "secure", "masked"

#: Whole numbers at the end of each sum: loss times rows in parts of `LOSS_UNITS`, rows, those whose class was
#: right, and clients that told that.
COUNTS, LOSS_UNITS = 4, 256

#: Where a client keeps its secrets between steps, and afterwards the number of its last sum.
_STATE = "secure-sum"


def in_secret(message: Message, context: Context, call_next: ClientAppCallable) -> Message:
    """Take a step of a secure sum, or let a message pass.

    Raises:
        AssayError: the server asks for what the protocol forbids.
    """
    if SECURE not in message.content.config_records:
        return call_next(message, context)
    told = message.content.config_records[SECURE]
    if told["step"] == "census":
        return _nameless(call_next(message, context))
    member = _member(context, int(number(told, "session")), str(told["step"]))
    if told["step"] == "vector":
        content = RecordDict({MASKED: _vector(member, message, context, call_next)})
    else:
        content = RecordDict({SECURE: _STEPS[str(told["step"])](member, told)})
    kept = {} if member.over else {"member": member.to_json()}  # secrets are forgotten with their sum
    context.state[_STATE] = ConfigRecord({"session": member.session, **kept})
    content[METRICS] = MetricRecord({"session": member.session})
    return Message(content, reply_to=message)


def _member(context: Context, session: int, step: str) -> Member:
    """What the client kept of this sum, or a new one's beginning.

    Raises:
        AssayError: a sum that is over, or another than the one under way.
    """
    kept = context.state.config_records.get(_STATE, ConfigRecord({"session": -1}))
    last = int(number(kept, "session"))
    if step == "keys":
        if session <= last:
            raise AssayError(f"refused: sum {session} after sum {last}")
        return Member(number=int(number(context.node_config, PARTITION)), session=session)
    if session != last or "member" not in kept:
        raise AssayError(f"refused: sum {session} was never begun, or is over")
    return Member.from_json(str(kept["member"]))


def _keys(member: Member, told: ConfigRecord) -> ConfigRecord:
    keys = member.keys()
    return ConfigRecord({"sealing": keys.sealing, "masking": keys.masking})


def _shares(member: Member, told: ConfigRecord) -> ConfigRecord:
    peers = whole_numbers(told, "peers")
    shown = (byte_strings(told, key, number=len(peers), length=KEY_BYTES) for key in ("sealing", "masking"))
    keys = dict(zip(peers, map(PublicKeys, *shown), strict=True))
    sealed, commitment = member.share(keys, int(number(told, "threshold")))
    return ConfigRecord({"to": list(sealed), "sealed": list(sealed.values()), "commitment": commitment})


def _unmask(member: Member, told: ConfigRecord) -> ConfigRecord:
    own, masking = member.reveal(whole_numbers(told, "survivors"), whole_numbers(told, "dropped"))
    return ConfigRecord({"survivors": own, "dropped": masking})


_STEPS: Mapping[str, Callable[[Member, ConfigRecord], ConfigRecord]] = {
    "keys": _keys,
    "shares": _shares,
    "unmask": _unmask,
}


def _vector(member: Member, message: Message, context: Context, call_next: ClientAppCallable) -> ArrayRecord:
    """The app's answer, as integers behind masks.

    Raises:
        AssayError: the app answered with an error, or with what can't be summed.
    """
    asked, told = message.content, message.content.config_records[SECURE]
    message.content = RecordDict({name: record for name, record in asked.items() if name != SECURE})
    reply = call_next(message, context)
    message.content = asked  # what was sent stays as it was
    fixed = FixedPoint(clip=number(told, "clip"), bits=int(number(told, "bits")))
    draw = np.random.default_rng(derive(int(number(told, "rounding")), "client", member.number))
    weight, counts = _counted(reply.content.metric_records[METRICS])
    vector = fixed.encode(
        _changes(asked, reply.content),
        weight,
        counts,
        clients=int(number(told, "clients")),
        draw=draw,
    )
    peers = whole_numbers(told, "from")
    sealed = dict(zip(peers, byte_strings(told, "sealed", number=len(peers)), strict=True))
    hidden = member.hide(sealed, vector, fixed.width)
    return ArrayRecord({MASKED: Array(packed(hidden, fixed.width))})


def _changes(sent: RecordDict, answered: RecordDict) -> NDArray[np.floating]:
    """How far the app moved each weight, in the order in which they were sent; nothing where it judged."""
    moved = answered.array_records.get(ARRAYS)
    if moved is None:
        return np.zeros(0)
    before = sent.array_records[ARRAYS]
    return np.concatenate(
        [(moved[name].numpy().astype(np.float64) - array.numpy()).ravel() for name, array in before.items()]
    )


def _counted(told: MetricRecord) -> tuple[int, list[int]]:
    """The client's rows, and the whole numbers of its answer.

    Raises:
        AssayError: rows count by parts of one.
    """
    examples = number(told, EXAMPLES)
    weight, loss = int(examples), number(told, "train-loss" if "train-loss" in told else "loss")
    if weight != examples or not np.isfinite(loss):
        raise AssayError(f"neither {examples} rows nor a loss of {loss} can be summed")
    rows = int(number(told, "rows")) if "rows" in told else weight
    right = [int(number(told, "correct")), 1] if "correct" in told else [0, 0]
    return weight, [round(loss * weight * LOSS_UNITS), rows, *right]


def _nameless(reply: Message) -> Message:
    """An answer to the census without how many rows there are."""
    told = reply.content.metric_records[METRICS]
    reply.content = RecordDict({METRICS: MetricRecord({PARTITION: told[PARTITION]})})
    return reply
