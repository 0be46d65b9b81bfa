"""From a strategy's name to the object that joins a round's answers: Flower's own, but for SCAFFOLD."""

from collections.abc import Mapping, Sequence
from typing import Any

from flwr.serverapp import strategy as flower

from ..exceptions import CombinationError
from ..training.config import PretrainConfig, TrainConfig
from .config import FederatedConfig
from .methods import STRATEGIES
from .scaffold_strategy import Scaffold

__all__ = ["build_strategy", "check_strategy"]

#: Who takes part is drawn beforehand (`rounds.py`): the strategy asks all that it is shown, be it one.
_EVERYBODY = {
    "fraction_train": 1.0,
    "fraction_evaluate": 1.0,
    "min_train_nodes": 1,
    "min_evaluate_nodes": 1,
    "min_available_nodes": 1,
}


#: Clients of a round whose Shapley values are computed: each coalition is judged by all clients.
_MOST_PLAYERS = 12


def build_strategy(
    config: FederatedConfig,
    *,
    clients: Mapping[int, int],
    shares: Mapping[int, float],
    parameters: Sequence[str],
) -> flower.FedAvg:
    """The strategy that a spec asks for.

    Args:
        config: the section of the spec.
        clients: number of each node.
        shares: of all clients' rows, by node.
        parameters: names of the weights that have a gradient.
    """
    options: dict[str, Any] = config.strategy_options
    if config.strategy == "scaffold":
        return Scaffold(**options, clients=clients, shares=shares, parameters=parameters, **_EVERYBODY)
    return getattr(flower, STRATEGIES[config.strategy].factory)(**options, **_EVERYBODY)


def check_strategy(config: FederatedConfig, section: TrainConfig | PretrainConfig, clients: int) -> None:
    """Refuse what a strategy can't do with this training, or with so few clients.

    Args:
        config: the section `federated` of the spec.
        section: its section `train`, or `pretrain` where that is what clients do.
        clients: number of clients.

    Raises:
        CombinationError: there is such.
    """
    answers = max(1, round(config.fraction * clients))
    if config.least > answers:
        raise CombinationError(
            "federated.least can't be reached",
            got=f"least {config.least}, and {answers} of {clients} clients train in a round",
            expected=f"at most {answers}",
            mend="lower federated.least, or raise federated.fraction",
        )
    if config.contributions == "shapley" and answers > _MOST_PLAYERS:
        raise CombinationError(
            "Shapley values of so many clients can't be computed exactly",
            got=f"{answers} clients a round, so 2^{answers} coalitions",
            expected=f"at most {_MOST_PLAYERS}",
            mend="set federated.contributions to leave_one_out, or lower federated.clients or fraction",
        )
    momentum = section.optimizer_options.get("momentum", 0.0)
    if config.strategy == "scaffold" and (section.optimizer != "sgd" or momentum):
        raise CombinationError(
            "scaffold corrects the gradients of plain SGD",
            got=f"optimizer {section.optimizer}" + (f" with momentum {momentum}" if momentum else ""),
            expected="sgd without momentum",
            mend="set its optimizer to sgd, with a learning rate for it",
        )
    options = config.strategy_options
    liars = options.get("num_malicious_nodes", 0)
    if config.strategy in ("krum", "multi_krum") and answers < 2 * liars + 3:
        raise CombinationError(
            f"{config.strategy} needs more clients for so many malicious ones",
            got=f"{answers} clients a round and num_malicious_nodes {liars}",
            expected=f"2 f + 3 or more clients, so {2 * liars + 3}",
            mend="raise federated.clients or federated.fraction, or lower num_malicious_nodes",
        )
    if config.strategy == "multi_krum" and options["num_nodes_to_select"] > answers - liars:
        raise CombinationError(
            "multi_krum would take clients that it holds for malicious",
            got=f"num_nodes_to_select {options['num_nodes_to_select']} of {answers} with {liars} malicious",
            expected=f"at most {answers - liars}",
            mend="lower num_nodes_to_select",
        )
