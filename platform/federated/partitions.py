"""Which rows are whose: rows of a data set dealt to clients.

Each function returns the client of every row. Validation rows follow the train rows: each class of them is
dealt in the proportions in which the clients have that class, so that a client is judged on its own kind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.splits import shuffled
from ..exceptions import SpecError
from ..training.seeding import derive
from .config import FederatedConfig

__all__ = ["NOBODY", "Partition", "deal_alike", "dirichlet", "iid", "label_shards", "partition", "quantity"]

#: Client of a validation row that belongs to none: its column's value has no train row.
NOBODY = -1


@dataclass(frozen=True)
class Partition:
    """Who has what.

    Args:
        names: of the clients; a row's code is a position here.
        train: `(rows,)` client of each train row.
        validation: `(rows,)` client of each validation row, or `NOBODY`.
    """

    names: tuple[str, ...]
    train: np.ndarray
    validation: np.ndarray

    def picture(self, labels: np.ndarray, classes: Sequence[str]) -> list[dict[str, Any]]:
        """Who has what, a row a client, for a report.

        Args:
            labels: `(rows,)` class of each train row as a code, or its stratum.
            classes: name of each code.

        Returns:
            `client`, `train` and `validation` rows, `labels` by name, and `distance`: total variation
            between the client's shares of the labels and everybody's, in [0, 1]; 0 is alike. It says
            nothing of features.
        """
        counts = np.zeros((len(self.names), len(classes)), dtype=np.int64)
        np.add.at(counts, (self.train, labels), 1)
        shares = counts / counts.sum(axis=1, keepdims=True)
        distances = np.abs(shares - counts.sum(axis=0) / counts.sum()).sum(axis=1) / 2
        held = np.bincount(self.validation[self.validation != NOBODY], minlength=len(self.names))
        return [
            {
                "client": name,
                "train": int(counts[client].sum()),
                "validation": int(held[client]),
                "labels": {label: int(n) for label, n in zip(classes, counts[client], strict=True)},
                "distance": float(distances[client]),
            }
            for client, name in enumerate(self.names)
        ]


def partition(
    config: FederatedConfig,
    *,
    labels: tuple[np.ndarray, np.ndarray],
    values: tuple[np.ndarray, np.ndarray] | None,
    seed: int,
) -> Partition:
    """Deal the rows as a spec asks.

    Args:
        config: the section of the spec.
        labels: `(rows,)` codes of the classes, or strata of a numeric target, of train and of validation
            rows.
        values: `(rows,)` str values of the column, of the same rows; None where none is asked for.
        seed: of every draw.

    Raises:
        SpecError: there are fewer rows than clients, or than shards.
    """
    train, validation = labels
    if values is not None:
        names, codes = np.unique(values[0], return_inverse=True)
        place = {name: code for code, name in enumerate(names.tolist())}
        others = np.array([place.get(value, NOBODY) for value in values[1].tolist()], dtype=np.int64)
        return Partition(tuple(map(str, names)), codes.astype(np.int64), others)
    clients, how = config.drawn_clients, config.partition
    pieces = clients * (how.shards if how.by == "label_shards" else 1)
    if len(train) < pieces:
        raise SpecError(
            "there are fewer train rows than clients need",
            got=f"{len(train)} rows",
            expected=f"a row for each of {pieces} " + ("shards" if how.by == "label_shards" else "clients"),
            mend="lower federated.clients",
        )
    match how.by:
        case "dirichlet":
            mine = dirichlet(train, clients, how.alpha, seed)
        case "label_shards":
            mine = label_shards(train, clients, how.shards, seed)
        case "quantity":
            mine = quantity(len(train), clients, how.alpha, seed)
        case _:
            mine = iid(len(train), clients, seed)
    width = len(str(clients - 1))
    names = tuple(f"client {client:0{width}d}" for client in range(clients))
    return Partition(names, mine, deal_alike(mine, train, validation, clients, seed))


def iid(rows: int, clients: int, seed: int) -> np.ndarray:
    """Rows at random, so that sizes differ by one at most."""
    return _cut(shuffled(rows, derive(seed, "iid")), np.full(clients, 1 / clients))


def dirichlet(labels: np.ndarray, clients: int, alpha: float, seed: int) -> np.ndarray:
    """Each class is shared out by proportions drawn from Dirichlet(alpha, …, alpha).

    Yurochkin et al., "Bayesian Nonparametric Federated Learning of Neural Networks" (2019), section 4,
    https://arxiv.org/abs/1905.12022. A client left with nothing takes a row of the one that has most.

    Args:
        labels: `(rows,)` codes of classes.
        clients: number of clients.
        alpha: concentration.
        seed: of the draws.
    """
    draw = np.random.default_rng(derive(seed, "dirichlet"))
    owner = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        shares = draw.dirichlet(np.full(clients, alpha))
        owner[rows] = _cut(draw.permutation(len(rows)), shares)
    return _nobody_empty(owner, clients)


def label_shards(labels: np.ndarray, clients: int, shards: int, seed: int) -> np.ndarray:
    """Rows sorted by label, cut into `clients * shards` pieces of one size, `shards` at random to each
    client.

    McMahan et al., "Communication-Efficient Learning of Deep Networks from Decentralized Data" (2017),
    section 3, https://arxiv.org/abs/1602.05629
    """
    draw = np.random.default_rng(derive(seed, "label_shards"))
    mixed = draw.permutation(len(labels))
    pieces = np.array_split(mixed[np.argsort(labels[mixed], kind="stable")], clients * shards)
    owner = np.empty(len(labels), dtype=np.int64)
    for position, piece in enumerate(draw.permutation(len(pieces))):
        owner[pieces[piece]] = position // shards
    return owner


def quantity(rows: int, clients: int, alpha: float, seed: int) -> np.ndarray:
    """Rows at random, sizes drawn from Dirichlet(alpha, …, alpha); nobody is left with nothing.

    Li et al., "Federated Learning on Non-IID Data Silos" (2022), section 4.3,
    https://arxiv.org/abs/2102.02079
    """
    draw = np.random.default_rng(derive(seed, "quantity"))
    return _nobody_empty(_cut(draw.permutation(rows), draw.dirichlet(np.full(clients, alpha))), clients)


def deal_alike(
    owner: np.ndarray, labels: np.ndarray, others: np.ndarray, clients: int, seed: int
) -> np.ndarray:
    """Deal further rows so that each client gets its share of every class, rounded by at most one row.

    Args:
        owner: `(rows,)` client of each row dealt already.
        labels: `(rows,)` their classes.
        others: `(others,)` classes of the rows to deal; of one that nobody has, all clients get alike many.
        clients: number of clients.
        seed: of the draws.
    """
    draw = np.random.default_rng(derive(seed, "alike"))
    dealt = np.empty(len(others), dtype=np.int64)
    for label in np.unique(others):
        rows = np.flatnonzero(others == label)
        held = np.bincount(owner[labels == label], minlength=clients)
        held = held if held.sum() else np.ones(clients)
        dealt[rows] = _cut(draw.permutation(len(rows)), held / held.sum())
    return dealt


def _cut(order: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Cut rows, in an order, where the cumulated shares fall; the client of each row by its own position."""
    ends = np.rint(np.cumsum(shares) * len(order)).astype(np.int64)
    ends[-1] = len(order)
    owner = np.empty(len(order), dtype=np.int64)
    owner[order] = np.searchsorted(ends, np.arange(len(order)), side="right")
    return owner


def _nobody_empty(owner: np.ndarray, clients: int) -> np.ndarray:
    """Every client without a row takes the last one of whoever has most."""
    counts = np.bincount(owner, minlength=clients)
    for client in np.flatnonzero(counts == 0):
        giver = int(counts.argmax())
        owner[np.flatnonzero(owner == giver)[-1]] = client
        counts[giver] -= 1
        counts[client] = 1
    return owner
