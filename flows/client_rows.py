"""Whose each test row of a federated training is, where a column says so."""

import pyarrow as pa

from ..audits.clients.owners import Owners
from ..platform.federated.config import PartitionConfig
from ..platform.federated.dealing import rare, values_of

__all__ = ["owners_of"]


def owners_of(learned: pa.Table, test: pa.Table, partition: PartitionConfig | None) -> Owners | None:
    """The client of each test row, by the rule that dealt the train rows; None where a draw dealt them.

    Args:
        learned: train rows.
        test: test rows.
        partition: how rows were dealt to clients; None where there were none.
    """
    if partition is None or partition.column is None:
        return None
    few = rare(values_of(learned, partition.column), partition.minimum)
    return Owners(partition.column, few(values_of(test, partition.column)))
