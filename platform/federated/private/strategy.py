"""The noisy mean before any of Flower's strategies: what these make of it is post-processing, and free.

The strategy inside sees one answer a round: the global weights moved by the noisy mean. So it can't tell
clients apart, nor how many there were, and clients weigh alike whatever number of rows they say.
"""

from collections.abc import Iterable

from flwr.app import ArrayRecord, ConfigRecord, Message, MessageType, MetricRecord, RecordDict
from flwr.serverapp import Grid
from flwr.serverapp.strategy import FedAvg
from torch import Tensor

from ..messages import ARRAYS, BOUND, EXAMPLES, METRICS, WITHIN, arrays_of, tensors_of
from .noisy_mean import Answer, NoisyMean
from .updates import change

__all__ = ["PrivateStrategy"]

_NOBODY = 0  # the node that the one answer comes from


class PrivateStrategy(FedAvg):
    """Another strategy, fed with noisy means.

    Args:
        inner: what makes the next global weights of the mean.
        mean: clips, adds up and adds the noise.
    """

    def __init__(self, inner: FedAvg, mean: NoisyMean):
        super().__init__()
        self.inner, self.mean = inner, mean
        self.sent: dict[str, Tensor] = {}

    def configure_train(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """As the strategy inside does, and tell clients the bound of this round."""
        self.sent = tensors_of(arrays)
        config[BOUND] = self.mean.clipping.bound
        return self.inner.configure_train(server_round, arrays, config, grid)

    def aggregate_train(
        self, server_round: int, replies: Iterable[Message]
    ) -> tuple[ArrayRecord | None, MetricRecord | None]:
        """The next global weights; no number of the answers, for none of them has noise."""
        moved = self.mean.release([self._read(reply.content) for reply in replies])
        weights = {name: (part.double() + moved[name]).to(part) for name, part in self.sent.items()}
        content = RecordDict({ARRAYS: arrays_of(weights), METRICS: MetricRecord({EXAMPLES: 1})})
        arrays, _ = self.inner.aggregate_train(server_round, [Message(content, _NOBODY, MessageType.TRAIN)])
        return arrays, MetricRecord()

    def _read(self, content: RecordDict) -> Answer:
        """What a client sent, as far as anything is made of it."""
        within = content.metric_records[METRICS].get(WITHIN)
        update = change(self.sent, tensors_of(content.array_records[ARRAYS]))
        return Answer(update=update, within=None if within is None else bool(within))
