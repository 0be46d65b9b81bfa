"""The rows of a data set, each with its label and its client.

All rows are dealt before labels are hidden (`train.label_fraction`), so that a client has the same rows when
it pretrains, which needs no label, and when it trains.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ..data.dataset import Dataset
from ..data.preprocess import Preprocessor
from ..data.schema import resolve
from ..data.splits import strata
from ..data.values import categories
from ..exceptions import CombinationError
from ..training.config import TrainConfig
from ..training.preparation import labelled_positions
from .config import FederatedConfig
from .partitions import Partition, partition

__all__ = ["Dealt", "deal", "rare", "values_of"]

#: Name of the client that has the rows whose column is empty.
_EMPTY = "(empty)"

_SPLITS = ("train", "validation")


@dataclass(frozen=True, kw_only=True)
class Dealt:
    """Rows and whose they are.

    Attributes:
        tables: rows of the splits `train` and `validation`.
        partition: whose each row is.
        labels: `(rows,)` class of each train row as a code, or its tenth of a numeric target.
        classes: name of each code.
    """

    tables: Mapping[str, pa.Table]
    partition: Partition
    labels: np.ndarray
    classes: tuple[str, ...]

    def labelled(self, told: Preprocessor, config: TrainConfig) -> "Dealt":
        """The rows whose labels may be looked at.

        Args:
            told: what knows the targets.
            config: which labels those are.

        Raises:
            CombinationError: some client is left without a train row.
        """
        kept = {split: labelled_positions(self.tables[split], told, config, split) for split in _SPLITS}
        train = self.partition.train[kept["train"]]
        without = [name for code, name in enumerate(self.partition.names) if not (train == code).any()]
        if without:
            raise CombinationError(
                "some clients have no label to learn from",
                got=f"{len(without)} of {len(self.partition.names)}, the first {without[0]}",
                expected="a labelled train row at every client",
                mend="raise train.label_fraction or labels_per_class, or lower federated.clients",
            )
        return Dealt(
            tables={split: self.tables[split].take(pa.array(kept[split])) for split in _SPLITS},
            partition=Partition(self.partition.names, train, self.partition.validation[kept["validation"]]),
            labels=self.labels[kept["train"]],
            classes=self.classes,
        )


def deal(data: Dataset, told: Preprocessor, federated: FederatedConfig, seed: int) -> Dealt:
    """Deal the train and validation rows as a spec asks.

    Args:
        data: whose rows they are.
        told: what knows the targets.
        federated: the section of the spec.
        seed: of every draw.

    Raises:
        SpecError: there are fewer rows than clients, or no such column.
    """
    tables = {split: data.table(split) for split in _SPLITS}
    labels, classes = _labels(told, tables)
    column = federated.partition.column
    values = None
    if column is not None:
        train, validation = (values_of(tables[split], column) for split in _SPLITS)
        few = rare(train, federated.partition.minimum)
        values = few(train), few(validation)
    dealt = partition(federated, labels=labels, values=values, seed=seed)
    return Dealt(tables=tables, partition=dealt, labels=labels[0], classes=classes)


def _labels(
    told: Preprocessor, tables: Mapping[str, pa.Table]
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[str, ...]]:
    """Class of each train and validation row, or its tenth of a numeric target; and their names."""
    train, validation = (told.targets(tables[split]) for split in _SPLITS)
    if told.schema.task != "regression":
        return (train, validation), told.schema.classes
    both = strata(np.concatenate([train, validation]))
    names = tuple(f"part {code + 1} of {both.max() + 1}" for code in range(both.max() + 1))
    return (both[: len(train)], both[len(train) :]), names


def values_of(table: pa.Table, column: str) -> np.ndarray:
    """`(rows,)` str values of the column that names the clients.

    Raises:
        SpecError: there is no such column.
    """
    name = resolve(column, table.column_names, what="column of federated.partition")
    return categories(table[name]).fill_null(_EMPTY).to_numpy(zero_copy_only=False).astype(str)


def rare(train: np.ndarray, minimum: int) -> Callable[[np.ndarray], np.ndarray]:
    """What makes of values the names of clients: those that too few train rows have are one together.

    Args:
        train: `(rows,)` values of the train rows.
        minimum: train rows that a value needs to be a client of its own.
    """
    names, counts = np.unique(train, return_counts=True)
    few, together = names[counts < minimum], f"(fewer than {minimum} rows)"
    return lambda values: np.where(np.isin(values, few), together, values)
