"""SCAFFOLD at the server, on Flower's strategies, which have none.

Karimireddy et al., "SCAFFOLD: Stochastic Controlled Averaging for Federated Learning" (2020), algorithm 1,
lines 16 and 17, https://arxiv.org/abs/1910.06378. A client counts by its rows there as in FedAvg; where all
have alike many these are the paper's lines.
"""

from collections.abc import Iterable, Mapping

from flwr.app import ArrayRecord, ConfigRecord, Message, MessageType, MetricRecord, RecordDict
from flwr.serverapp import Grid
from flwr.serverapp.strategy import FedAvg
from torch import Tensor

from .messages import ARRAYS, CONFIG, CONTROL, EXAMPLES, METRICS, ROUND, arrays_of, number, tensors_of

__all__ = ["Scaffold"]


class Scaffold(FedAvg):
    """Keep c, the mean of all clients' control variates, and correct clients by it.

    Args:
        server_learning_rate: eta_g, on the mean change of a round.
        clients: number of each node.
        shares: of all clients' rows, by node.
        parameters: names of what has a gradient; running statistics have no control variate.
        **settings: of FedAvg.
    """

    def __init__(
        self,
        *,
        server_learning_rate: float,
        clients: Mapping[int, int],
        shares: Mapping[int, float],
        parameters: Iterable[str],
        **settings: float,
    ):
        super().__init__(**settings)  # type: ignore[arg-type]  # whole numbers and shares alike
        self.server_learning_rate = server_learning_rate
        self.clients, self.shares, self.parameters = clients, shares, tuple(parameters)
        self.weights: dict[str, Tensor] = {}
        self.control: dict[str, Tensor] = {}
        self.counted = [0] * (max(clients.values()) + 1)

    def configure_train(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """Send x and c, and of which round each client's last counted answer is."""
        self.weights = tensors_of(arrays)
        if not self.control:
            self.control = {
                name: self.weights[name].new_zeros(self.weights[name].shape) for name in self.parameters
            }
        config[ROUND], config["counted"] = server_round, list(self.counted)
        content = RecordDict({ARRAYS: arrays, CONFIG: config, CONTROL: arrays_of(self.control)})
        return self._construct_messages(content, list(grid.get_node_ids()), MessageType.TRAIN)

    def aggregate_train(
        self, server_round: int, replies: Iterable[Message]
    ) -> tuple[ArrayRecord | None, MetricRecord | None]:
        """x ← x + eta_g · (mean of y_i - x), c ← c + sum of (share of all rows) · (c_i⁺ - c_i)."""
        answers = list(replies)
        if not answers:
            return None, None
        examples = [number(answer.content.metric_records[METRICS], EXAMPLES) for answer in answers]
        end = {name: part.new_zeros(part.shape) for name, part in self.weights.items()}
        for answer, count in zip(answers, examples, strict=True):
            node = answer.metadata.src_node_id
            for name, part in tensors_of(answer.content.array_records[ARRAYS]).items():
                end[name] += part * (count / sum(examples))
            for name, change in tensors_of(answer.content.array_records[CONTROL]).items():
                self.control[name] = self.control[name] + change * self.shares[node]  # the old one was sent
            self.counted[self.clients[node]] = server_round
        joined = {
            name: start + self.server_learning_rate * (end[name] - start)
            for name, start in self.weights.items()
        }
        metrics = self.train_metrics_aggr_fn(
            [_without_arrays(answer) for answer in answers], self.weighted_by_key
        )
        return arrays_of(joined), metrics


def _without_arrays(answer: Message) -> RecordDict:
    """An answer's numbers alone, for Flower's mean of them."""
    return RecordDict(dict(answer.content.metric_records))
