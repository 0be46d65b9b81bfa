"""Secure sums in the rounds: every answer that the server sees stands for all clients together."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.serverapp import Grid

from ...training.seeding import derive
from ..asking import Answers
from ..course import Round
from ..faults import Wanted, accepted
from ..messages import ARRAYS, EXAMPLES, METRICS, ROUND
from .client import LOSS_UNITS, SECURE
from .config import SecureConfig
from .exchange import Question, Summed, secure_sum
from .fixed_point import FixedPoint, Sums

__all__ = ["SecureSums", "told_of_sums"]

_NOBODY = 0  # the node that an answer of all comes from


class SecureSums:
    """Ask clients for their sum alone, and watch what that costs in each round.

    Args:
        config: how each answer is hidden.
        seed: of how clients round.

    Attributes:
        census: the question that clients answer without saying how many rows they have.
    """

    name = "secure"

    def __init__(self, config: SecureConfig, seed: int):
        self.config, self.seed = config, seed
        self._sums: list[Summed] = []
        self.census = RecordDict({SECURE: ConfigRecord({"step": "census"})})

    def __call__(
        self,
        grid: Grid,
        messages: Sequence[Message],
        asked: Mapping[int, int],
        wanted: Wanted,
        timeout: float,
    ) -> Answers:
        """Ask clients; arguments as of `asking.one_by_one`.

        Raises:
            AssayError: too few clients are left to make or unmask a sum.
        """
        if not messages:  # nobody is there
            _, faults = accepted((), asked, wanted)
            return Answers(each={}, joined=(), clients=(), faults=faults)
        session = 2 * wanted.round + (0 if wanted.arrays else 1)
        question = Question(
            kind=messages[0].metadata.message_type,
            content={message.metadata.dst_node_id: message.content for message in messages},
            asked=asked,
            values=sum(int(np.prod(like.shape)) for like in wanted.arrays.values()),
            session=session,
            round=wanted.round,
            rounding=derive(self.seed, "rounding", session),
            timeout=timeout,
        )
        summed = secure_sum(grid, question, self.config)
        self._sums.append(summed)
        content = _arrays(summed.sums, messages[0], wanted) | {METRICS: _numbers(summed.sums, wanted)}
        joined = Message(RecordDict(content), _NOBODY, question.kind)
        return Answers(each={}, joined=[joined], clients=summed.clients, faults=summed.faults)

    def round(self, seen: Round) -> dict[str, Any]:
        """What the sums of a round took, for `told_of_sums`."""
        sums, self._sums = self._sums, []
        return {
            "clients": min(len(summed.clients) for summed in sums),
            "degree": sums[0].degree,
            "threshold": sums[0].threshold,
            "bytes": sum(summed.sent for summed in sums),
            "seconds": sum(summed.seconds for summed in sums),
            "cut": sum(summed.sums.cut for summed in sums),
            "dropped": {step: sum(summed.dropped[step] for summed in sums) for step in sums[0].dropped},
        }


def told_of_sums(config: SecureConfig, rounds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What `clients.json` says of secure sums.

    Args:
        config: how answers were hidden.
        rounds: what each round's sums took.

    Returns:
        `clip` and `bits`; `bound`, below which the error of each mean lies; `cut`, weights' changes that were
        outside the clip; `least`, clients in the smallest sum; `neighbours` and `threshold` in the round with
        the fewest; `bytes` of all messages; and `dropped`, clients lost at each step.
    """
    fewest = min(rounds, key=lambda told: told["degree"])
    return {
        "clip": config.clip,
        "bits": config.bits,
        "bound": FixedPoint(clip=config.clip, bits=config.bits).step,
        "cut": sum(told["cut"] for told in rounds),
        "least": min(told["clients"] for told in rounds),
        "neighbours": fewest["degree"],
        "threshold": fewest["threshold"],
        "bytes": sum(told["bytes"] for told in rounds),
        "dropped": {step: sum(told["dropped"][step] for told in rounds) for step in rounds[0]["dropped"]},
    }


def _arrays(sums: Sums, asked: Message, wanted: Wanted) -> dict[str, Any]:
    """The weights that clients were sent, moved by the mean of their changes; nothing where they judged."""
    if not wanted.arrays:
        return {}
    found, place = {}, 0
    for name, array in asked.content.array_records[ARRAYS].items():
        before = array.numpy()
        change = sums.means[place : place + before.size].reshape(before.shape)
        found[name] = Array((before + change).astype(before.dtype))
        place += before.size
    return {ARRAYS: ArrayRecord(found)}


def _numbers(sums: Sums, wanted: Wanted) -> MetricRecord:
    """Numbers of all clients' rows together, under the names that one answer has."""
    loss, rows, right, telling = sums.counts
    mean = loss / LOSS_UNITS / max(sums.weight, 1)
    told: dict[str, Any] = {ROUND: wanted.round, EXAMPLES: sums.weight}
    if wanted.arrays:
        return MetricRecord(told | {"train-loss": mean})
    return MetricRecord(told | {"loss": mean, "rows": rows} | ({"correct": right} if telling else {}))
