"""A whole round's answers at once, for clients that share this process and whose work can be stacked.

The client's app (`client_app.py`) stays what answers everywhere else, and here wherever the rule
(`stacking.py`) or a message says that clients take turns. The answers are the same.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flwr.app import ConfigRecord, Context, Message, MessageType, MetricRecord, RecordDict

from ..exceptions import AssayError
from .answers import correction_of, judged, trained
from .client_app import learner_of
from .crowd import Crowd
from .effort import CPU_SECONDS
from .local import Learner, Site
from .messages import ARRAYS, BOUND, CONFIG, CONTROL, METRICS, PARTITION, ROUND, number, record_in, tensors_of
from .sites import site_folder
from .stacked import judge_together, learn_together
from .stacking import alone_because

__all__ = ["Together"]

#: What a server may tell clients that are answered for here; whatever else it tells is for the app.
_RECORDS = {ARRAYS, CONFIG, CONTROL}
_TOLD = {"work", "factor", ROUND, "proximal-mu", "counted", BOUND}


@dataclass(frozen=True, kw_only=True)
class _Opened:
    """What clients train, and the rows of all of them."""

    learner: Learner
    train: Crowd
    validation: Crowd


class Together:
    """Answers for many clients at once.

    Args:
        sites: folder of all clients' folders.
    """

    def __init__(self, sites: Path):
        self.sites = sites
        self._of: tuple[str, _Opened | None] = ("", None)

    def __call__(self, messages: Sequence[Message], contexts: Mapping[int, Context]) -> dict[int, Message]:
        """Answers by node; of clients that take turns there are none.

        Args:
            messages: of one round, each to another node.
            contexts: every client's, by node.
        """
        content = _shared(messages)
        if content is None:
            return {}
        begun = time.process_time()
        opened = self._opened(str(content.config_records[CONFIG]["work"]), contexts)
        if opened is None:
            return {}
        clients = {_node(message): _client(contexts[_node(message)]) for message in messages}
        memories = {client: contexts[node] for node, client in clients.items()}
        training = messages[0].metadata.message_type == MessageType.TRAIN
        answer, crowd = (_learn, opened.train) if training else (_judge, opened.validation)
        found = answer(opened, content, memories)
        _share(found, crowd, time.process_time() - begun)
        return {
            _node(message): Message(found[client], reply_to=message)
            for message in messages
            if (client := clients[_node(message)]) in found
        }

    def _opened(self, text: str, contexts: Mapping[int, Context]) -> _Opened | None:
        """What the work is about, read once; None where clients take turns with it."""
        if self._of[0] != text:
            self._of = (text, self._open(text, len(contexts)))
        return self._of[1]

    def _open(self, text: str, clients: int) -> _Opened | None:
        try:
            learner = learner_of(text)
            if alone_because(learner) is not None:
                return None
            sites = [
                Site.open(site_folder(self.sites, client), learner.work, client) for client in range(clients)
            ]
        except (AssayError, OSError, ValueError):  # rows that can't be read: the client's own app tells it
            return None
        return _Opened(
            learner=learner,
            train=Crowd.of([site.rows for site in sites]),
            validation=Crowd.of([site.validation for site in sites]),
        )


def _shared(messages: Sequence[Message]) -> RecordDict | None:
    """The content that all messages have in common, where it asks for what can be done at once."""
    first = messages[0]
    alike = all(
        message.content is first.content and message.metadata.message_type == first.metadata.message_type
        for message in messages
    )
    known = first.metadata.message_type in (MessageType.TRAIN, MessageType.EVALUATE)
    if len(messages) < 2 or not alike or not known or not set(first.content) <= _RECORDS:
        return None
    return first.content if set(first.content.config_records.get(CONFIG, ())) <= _TOLD else None


def _learn(opened: _Opened, content: RecordDict, contexts: Mapping[int, Context]) -> dict[int, RecordDict]:
    """Each client's answer to a round of training."""
    config, device = content.config_records[CONFIG], opened.train.rows.device
    weights = tensors_of(content.array_records[ARRAYS], device)
    held = {client: correction_of(content, own, client, device) for client, own in contexts.items()}
    corrections = [correction for correction, _ in held.values() if correction is not None]
    found = learn_together(
        opened.learner,
        opened.train,
        list(contexts),
        weights,
        round_number=int(number(config, ROUND)),
        factor=number(config, "factor"),
        proximal_mu=number({"proximal-mu": 0.0, **config}, "proximal-mu"),
        corrections=corrections or None,
    )
    return {
        client: trained(
            learned, opened.train.mass(client), config, weights, held[client][1], contexts[client]
        )
        for client, learned in found.items()
    }


def _judge(opened: _Opened, content: RecordDict, contexts: Mapping[int, Context]) -> dict[int, RecordDict]:
    """Each client's judgement."""
    config: ConfigRecord = content.config_records[CONFIG]
    weights = tensors_of(content.array_records[ARRAYS], opened.validation.rows.device)
    found = judge_together(opened.learner, opened.validation, list(contexts), weights)
    return {client: judged(own, config) for client, own in found.items()}


def _share(found: Mapping[int, RecordDict], crowd: Crowd, seconds: float) -> None:
    """Say in each answer whose processor time it was: by rows, since they were computed at once."""
    rows = sum(crowd.size(client) for client in found)
    for client, content in found.items():
        share = crowd.size(client) / rows if rows else 1 / len(found)
        numbers = record_in(content, METRICS, MetricRecord)
        assert numbers is not None, "every answer tells numbers"
        numbers[CPU_SECONDS] = seconds * share


def _node(message: Message) -> int:
    """Whom a message is for."""
    return message.metadata.dst_node_id


def _client(context: Context) -> int:
    """The client's number, from its node's configuration."""
    return int(number(context.node_config, PARTITION))
