"""Every strategy that a spec may name, with its options. Standard library only.

Options keep the names that Flower gives them; a default of None must be given by the person.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

from ..exceptions import UsageError

__all__ = ["STRATEGIES", "Method", "check_installed"]


@dataclass(frozen=True, kw_only=True)
class Method:
    """How the answers of a round become the next global weights."""

    summary: str
    paper: str
    """Authors, year, where."""
    factory: str
    """Class in `flwr.serverapp.strategy`; `Scaffold` is ours."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Every option with its default."""
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """From, to: what an option may be, both included."""
    cannot_say: str
    """What it can't do, or doesn't promise."""


_UNBOUND = float("inf")
_RATE, _DECAY, _COUNT = (1e-12, _UNBOUND), (0.0, 1 - 1e-12), (0, _UNBOUND)
_ADAPTIVE = {"eta": _RATE, "beta_1": _DECAY, "beta_2": _DECAY, "tau": _RATE}
_REDDI = "Reddi et al. (2021), ICLR, https://arxiv.org/abs/2003.00295"

STRATEGIES: Mapping[str, Method] = MappingProxyType(
    {
        "fedavg": Method(
            summary="the mean of the clients' weights, each counted by its rows",
            paper="McMahan et al. (2017), AISTATS, https://arxiv.org/abs/1602.05629",
            factory="FedAvg",
            cannot_say="drifts where clients differ and train long; one client that sends garbage ruins it",
        ),
        "fedprox": Method(
            summary="FedAvg whose clients are held near the global weights by a quadratic term",
            paper="Li et al. (2020), MLSys, https://arxiv.org/abs/1812.06127",
            factory="FedProx",
            options={"proximal_mu": 0.01},
            ranges={"proximal_mu": (1e-12, _UNBOUND)},
            cannot_say="a large mu slows learning as much as it slows drift",
        ),
        "scaffold": Method(
            summary="FedAvg whose clients' gradients are corrected by how they differ from everybody's",
            paper="Karimireddy et al. (2020), ICML, https://arxiv.org/abs/1910.06378",
            factory="Scaffold",
            options={"server_learning_rate": 1.0},
            ranges={"server_learning_rate": _RATE},
            cannot_say="clients keep state and send twice as much; a correction from many rounds ago "
            "misleads",
        ),
        "fedavgm": Method(
            summary="FedAvg with momentum at the server",
            paper="Hsu et al. (2019), https://arxiv.org/abs/1909.06335",
            factory="FedAvgM",
            options={"server_learning_rate": 1.0, "server_momentum": 0.9},
            ranges={"server_learning_rate": _RATE, "server_momentum": _DECAY},
            cannot_say="a round with odd clients is felt for many rounds",
        ),
        "fedadagrad": Method(
            summary="Adagrad at the server, its gradient the mean change of a round",
            paper=_REDDI,
            factory="FedAdagrad",
            options={"eta": 0.1, "tau": 1e-3},
            ranges={"eta": _RATE, "tau": _RATE},
            cannot_say="the server's rate only falls: late rounds hardly move",
        ),
        "fedadam": Method(
            summary="Adam at the server, its gradient the mean change of a round",
            paper=_REDDI,
            factory="FedAdam",
            options={"eta": 0.01, "beta_1": 0.9, "beta_2": 0.99, "tau": 1e-3},
            ranges=_ADAPTIVE,
            cannot_say="needs a server rate of its own: the paper's are found by search. Flower corrects the "
            "first rounds' bias, which the paper doesn't",
        ),
        "fedyogi": Method(
            summary="as FedAdam, with a second moment that forgets more slowly",
            paper=_REDDI,
            factory="FedYogi",
            options={"eta": 0.01, "beta_1": 0.9, "beta_2": 0.99, "tau": 1e-3},
            ranges=_ADAPTIVE,
            cannot_say="needs a server rate of its own: the paper's are found by search",
        ),
        "krum": Method(
            summary="the one client whose weights lie nearest to most of the others'",
            paper="Blanchard et al. (2017), NeurIPS, https://arxiv.org/abs/1703.02757",
            factory="Krum",
            options={"num_malicious_nodes": None},
            ranges={"num_malicious_nodes": _COUNT},
            cannot_say="what only few clients know is lost; many small lies that agree pass",
        ),
        "multi_krum": Method(
            summary="the mean of the few clients whose weights lie nearest to most of the others'",
            paper="Blanchard et al. (2017), section 4, https://arxiv.org/abs/1703.02757",
            factory="MultiKrum",
            options={"num_malicious_nodes": None, "num_nodes_to_select": None},
            ranges={"num_malicious_nodes": _COUNT, "num_nodes_to_select": (1, _UNBOUND)},
            cannot_say="what only few clients know is lost; many small lies that agree pass",
        ),
        "trimmed_mean": Method(
            summary="for each number the mean over clients, without the largest and the smallest",
            paper="Yin et al. (2018), ICML, https://arxiv.org/abs/1803.01498",
            factory="FedTrimmedAvg",
            options={"beta": 0.2},
            ranges={"beta": (0.0, 0.5 - 1e-12)},
            cannot_say="clients count alike, however many rows they have; honest outliers are cut, too",
        ),
        "median": Method(
            summary="for each number the median over clients",
            paper="Yin et al. (2018), ICML, https://arxiv.org/abs/1803.01498",
            factory="FedMedian",
            cannot_say="clients count alike, however many rows they have; where they differ it is far "
            "from the mean",
        ),
    }
)


def check_installed() -> None:
    """Refuse federated training where Flower isn't there, before anything is trained.

    Raises:
        UsageError: it isn't installed.
    """
    if find_spec("flwr") is None:
        raise UsageError(
            "federated training needs Flower",
            got="flwr isn't installed",
            expected="the extra `federated`",
            mend="pip install 'assay[federated]'",
        )
