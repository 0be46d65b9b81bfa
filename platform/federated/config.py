"""What a person may say about federated training: the `federated` section of the spec."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from ..exceptions import CombinationError, SpecError, nearest
from .methods import STRATEGIES
from .secure.config import SecureConfig

__all__ = ["FederatedConfig", "PartitionConfig"]

#: Clients where the spec gives no number and the data name none.
_CLIENTS = 10


@dataclass(frozen=True, kw_only=True)
class PartitionConfig:
    """Which rows are whose."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    by: Literal["iid", "dirichlet", "label_shards", "quantity", "column"] = "iid"
    """`iid`: at random, alike many. `dirichlet`: each class is shared out by a draw from Dirichlet(alpha).
    `label_shards`: rows sorted by label, cut, and `shards` pieces each. `quantity`: at random, sizes drawn
    from Dirichlet(alpha). `column`: a client for each value of `column`."""

    alpha: float = 0.5
    """Dirichlet's concentration: 0.1 is very uneven, 100 nearly even."""

    shards: int = 2
    """Pieces that each client gets of the rows sorted by label."""

    column: str | None = None
    """Column of the data whose values are the clients, e.g. a hospital or a speaker."""

    minimum: int = 1
    """Train rows that a value of the column needs to be a client; those with fewer are one together."""

    def __post_init__(self) -> None:
        _require(
            "federated.partition",
            alpha=(self.alpha, 0 < self.alpha < math.inf, "above 0"),
            shards=(self.shards, self.shards >= 1, "1 or more"),
            minimum=(self.minimum, self.minimum >= 1, "1 or more"),
        )
        if (self.by == "column") != (self.column is not None):
            raise CombinationError(
                "federated.partition.column belongs to `by: column`",
                got=f"by {self.by}, column {self.column}",
                expected="by: column and the name of a column, or neither",
                mend="give both, or leave the column out",
            )
        if self.by != "column" and self.minimum > 1:
            raise CombinationError(
                "federated.partition.minimum belongs to `by: column`",
                got=f"by {self.by}, minimum {self.minimum}",
                expected="by: column, whose values may have few rows",
                mend="leave federated.partition.minimum out",
            )


@dataclass(frozen=True, kw_only=True)
class FederatedConfig:
    """Training on rows that stay where they are: each round some clients train, and a server joins their
    weights.

    The optimizer, its rate, the batch size and the like are those of `train`; `train.schedule` runs over the
    rounds, `train.patience` counts them, and `train.epochs` has no part in it. At a client `sgd` has no
    momentum, unless `train.optimizer_options` give it one.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    clients: int | None = None
    """Number of clients; null takes 10, or as many as the column has values."""

    partition: PartitionConfig = field(default_factory=PartitionConfig)
    """Which rows are whose."""

    rounds: int = 20
    """Rounds of training, at most."""

    pretrain_rounds: int = 20
    """Rounds of pretraining, at most; `pretrain.epochs` has no part in it."""

    local_epochs: int = 1
    """Passes of a client over its rows in a round."""

    strategy: str = "fedavg"
    """Name from `assay list strategies`."""

    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of that strategy, e.g. `{proximal_mu: 0.1}`."""

    fraction: float = 1.0
    """Share of the clients that trains in a round, at least one."""

    least: int = 1
    """Answers without which a round, and with it the training, fails."""

    timeout: float = 3600.0
    """Seconds that a client may take in a round; a later answer is left out."""

    grid: Literal["in_process", "ray", "deployment"] = "in_process"
    """Where clients run: in this process, on the machine's cores by Flower's simulation on Ray, or as nodes
    with rows of their own, whom a running SuperLink leads."""

    superlink: str | None = None
    """With `grid: deployment` the SuperLink's name in Flower's own configuration, `FLWR_HOME/config.toml`,
    where its address and certificates stand."""

    personalize: int = 0
    """Epochs that each client trains the final weights further on its own rows, to tell what it would gain.
    The model that is registered is the global one."""

    contributions: Literal["none", "leave_one_out", "shapley"] = "none"
    """What each client's data contributed to the fall of all clients' validation loss: its `shapley` value
    among all coalitions of up to 12 clients that train in a round, or how much less it would have fallen with
    `leave_one_out`. Clients see weights from which single updates can be computed."""

    outliers: float | None = None
    """Look for updates that are unlike the others': the chance of naming anybody in the whole training where
    clients differ by chance alone, e.g. 0.05; null doesn't look. Nobody is left out for it."""

    secure: SecureConfig | None = None
    """Secure aggregation: the server sees the sum of clients' changes, and of their validation, and nothing
    of any one of them; null lets it see each. `{}` takes the defaults."""

    def __post_init__(self) -> None:
        _require(
            "federated",
            clients=(self.clients, self.clients is None or self.clients >= 1, "1 or more, or null"),
            rounds=(self.rounds, self.rounds >= 1, "1 or more"),
            pretrain_rounds=(self.pretrain_rounds, self.pretrain_rounds >= 1, "1 or more"),
            local_epochs=(self.local_epochs, self.local_epochs >= 1, "1 or more"),
            fraction=(self.fraction, 0 < self.fraction <= 1, "above 0, at most 1"),
            least=(self.least, self.least >= 1, "1 or more"),
            timeout=(self.timeout, 0 < self.timeout < math.inf, "above 0"),
            personalize=(self.personalize, self.personalize >= 0, "0 or more"),
            outliers=(self.outliers, self.outliers is None or 0 < self.outliers < 1, "in (0, 1), or null"),
        )
        if self.partition.by == "column" and self.clients is not None:
            raise CombinationError(
                "federated.clients can't be had with a column",
                got=f"clients {self.clients} and partition.column {self.partition.column}",
                expected="one of them: each value of the column is a client",
                mend="leave federated.clients out",
            )
        self._check_deployment()
        self._check_strategy()

    @property
    def deployed(self) -> bool:
        """Whether clients are nodes of their own."""
        return self.grid == "deployment"

    @property
    def drawn_clients(self) -> int:
        """Clients where they aren't the values of a column."""
        return _CLIENTS if self.clients is None else self.clients

    @property
    def strategy_options(self) -> dict[str, Any]:
        """Every option of the strategy, defaults filled in."""
        return {**STRATEGIES[self.strategy].options, **self.options}

    def _check_deployment(self) -> None:
        if self.deployed != bool(self.superlink):
            raise CombinationError(
                "federated.superlink belongs to `grid: deployment`",
                got=f"grid {self.grid}, superlink {self.superlink}",
                expected="grid: deployment and a name of Flower's configuration, or neither",
                mend="give both, or leave federated.superlink out",
            )
        if self.deployed and self.clients is None:
            raise CombinationError(
                "nodes of their own have to be counted",
                got="grid deployment without federated.clients",
                expected="how many nodes there are, without which no round begins",
                mend="set federated.clients",
            )

    def _check_strategy(self) -> None:
        if self.strategy not in STRATEGIES:
            raise SpecError(
                "unknown federated.strategy", got=self.strategy, mend=nearest(self.strategy, STRATEGIES)
            )
        method = STRATEGIES[self.strategy]
        for option in self.options:
            if option not in method.options:
                known = nearest(option, method.options) if method.options else "it has none"
                raise SpecError(f"{self.strategy} has no option {option!r}", got=option, mend=known)
        for option, value in self.strategy_options.items():
            least, most = method.ranges[option]
            kinds = int if isinstance(least, int) else (int, float)  # a count starts at a whole number
            number = isinstance(value, kinds) and not isinstance(value, bool)
            _require(
                "federated.options",
                **{option: (value, number and least <= value <= most, _span(least, most))},
            )


def _span(least: float, most: float) -> str:
    """A range as a person says it."""
    return f"a number, {least:g} or more" + ("" if most == math.inf else f", at most {most:g}")


def _require(section: str, **rules: tuple[object, bool, str]) -> None:
    """Raise for the first key whose value breaks its rule: key = (value, holds, what was expected)."""
    for key, (value, holds, expected) in rules.items():
        if not holds:
            raise SpecError(
                f"{section}.{key} is out of range",
                got=value,
                expected=expected,
                mend=f"change {section}.{key} in the spec, or give --set {section}.{key}=VALUE",
            )
