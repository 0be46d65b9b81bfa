"""A client's own folder: its train and validation rows, and nothing of anybody else's.

A client opens its folder only. Which folder that is, a simulation knows by the client's number; a node of a
real federation has it in its own configuration, so that a server can't name another.
"""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ..data.dataset import Dataset
from ..predictor.artifact import write_json
from .partitions import Partition

__all__ = ["site_folder", "write_sites"]


def site_folder(sites: Path, client: int) -> Path:
    """Folder of one client below that of all."""
    return sites / f"client-{client:06d}"


def write_sites(data: Dataset, tables: Mapping[str, pa.Table], partition: Partition, sites: Path) -> None:
    """Write each client's rows to a folder of its own, in the form of a dataset artifact without test rows.

    Args:
        data: where the schema is from.
        tables: the rows that were dealt: `train` and `validation`.
        partition: who has which.
        sites: folder to fill.
    """
    owners = {"train": partition.train, "validation": partition.validation}
    for client in range(len(partition.names)):
        folder = site_folder(sites, client)
        folder.mkdir(parents=True)
        folder.chmod(0o700)
        write_json(folder / "schema.json", data.schema.to_json())
        write_json(folder / "datasheet.json", {})
        for split, owner in owners.items():
            mine = tables[split].filter(pa.array(owner == client))
            pq.write_table(mine, folder / f"{split}.parquet")
