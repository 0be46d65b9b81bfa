"""The stage `train` where rows stay with clients: the same artifact as `train` writes, made by rounds."""

import dataclasses
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ..data.dataset import Dataset
from ..data.preprocess import Preprocessor
from ..data.schema import resolve
from ..data.splits import strata
from ..data.values import categories
from ..predictor.artifact import write_json
from ..training.config import ModelConfig, TrainConfig
from ..training.preparation import labels_seen, with_labels
from ..training.progress import Progress, Throttled
from .client_app import client_app, forget
from .config import FederatedConfig
from .grids import run_apps
from .job import Job, write_model
from .partitions import Partition, partition
from .rounds import Result
from .server_app import server_app
from .sites import write_sites

__all__ = ["CLIENTS", "train_federated"]

#: File of the model artifact: who had what, who took part, how good the global weights are at each client.
CLIENTS = "clients.json"

#: Name of the client that has the rows whose column is empty.
_EMPTY = "(empty)"


def train_federated(
    *,
    dataset: Path,
    model: ModelConfig,
    config: TrainConfig,
    federated: FederatedConfig,
    out: Path,
    scratch: Path,
    progress: Callable[[Progress], None] = lambda progress: None,
    preprocessor: Preprocessor | None = None,
) -> dict[str, Any]:
    """Train a network by rounds on rows that are dealt to clients, each of which reads its own alone.

    Writes the model artifact, `history.json` with an entry a round, `labels.json`, and `clients.json`.

    Args:
        dataset: folder of a dataset artifact.
        model: the network.
        config: the section `train` of the spec.
        federated: its section `federated`.
        out: folder to fill.
        scratch: folder for the clients' own folders, as long as they are needed.
        progress: told after each round, at most five times a second.
        preprocessor: from public knowledge; None fits one on all clients' train rows together, which a real
            federation could not do.

    Returns:
        Grid, rounds and the like, for the manifest.

    Raises:
        SpecError: a name or a value that can't be used.
        CombinationError: two settings that can't be had together.
        AssayError: too few clients answered in a round; nothing is written then.
    """
    data = Dataset.open(dataset)
    told = preprocessor or Preprocessor.fit(data.table("train"), data.schema)
    tables = {split: with_labels(data.table(split), told, config, split) for split in ("train", "validation")}
    labels, classes = _labels(told, tables)
    values = _values(tables, federated.partition.column)
    dealt = partition(federated, labels=labels, values=values, seed=config.seed)
    job = Job(model=model, train=config, federated=federated, preprocessor=told, clients=len(dealt.names))
    job.check()
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sites-", dir=scratch) as sites:
        write_sites(data, tables, dealt, Path(sites))
        result = _run(job, Path(sites), progress)
    write_model(job, result, out)
    write_json(out / "labels.json", labels_seen(tables, config))
    preprocessing = "given" if preprocessor else "train rows of all clients"
    found = _clients(dealt, labels[0], classes, federated, result)
    write_json(out / CLIENTS, found | {"preprocessing": preprocessing})
    return {
        **_details(federated, dealt, result),
        "preprocessing": preprocessing,
        "labels": {name: table.num_rows for name, table in tables.items()},
    }


def _run(job: Job, sites: Path, progress: Callable[[Progress], None]) -> Result:
    """Both apps on the grid that was asked for."""
    said, done, rounds = Throttled(progress), [], job.federated.rounds

    def tell(number: int, entry: Mapping[str, float]) -> None:
        seen = {"round": number, "loss": entry["train_loss"]}
        said("train", number, rounds, lambda: seen, now=number == rounds)

    try:
        run_apps(job.federated.grid, server_app(job, done.append, tell), client_app(sites), job.clients)
    finally:
        forget()
    return done[0]


def _labels(
    told: Preprocessor, tables: Mapping[str, pa.Table]
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[str, ...]]:
    """Class of each train and validation row, or its tenth of a numeric target; and their names."""
    train, validation = (told.targets(tables[split]) for split in ("train", "validation"))
    if told.schema.task != "regression":
        return (train, validation), told.schema.classes
    both = strata(np.concatenate([train, validation]))
    names = tuple(f"part {code + 1} of {both.max() + 1}" for code in range(both.max() + 1))
    return (both[: len(train)], both[len(train) :]), names


def _values(tables: Mapping[str, pa.Table], column: str | None) -> tuple[np.ndarray, np.ndarray] | None:
    """`(rows,)` values of the column that names the clients, of train and of validation rows."""
    if column is None:
        return None
    name = resolve(column, tables["train"].column_names, what="column of federated.partition")
    train, validation = (
        categories(tables[split][name]).fill_null(_EMPTY).to_numpy(zero_copy_only=False).astype(str)
        for split in ("train", "validation")
    )
    return train, validation


def _clients(
    dealt: Partition, labels: np.ndarray, classes: tuple[str, ...], config: FederatedConfig, result: Result
) -> dict[str, Any]:
    """What `clients.json` holds."""
    rows = dealt.picture(labels, classes)
    for client, row in enumerate(rows):
        row |= {"asked": result.asked.get(client, 0), "counted": result.counted.get(client, 0)}
        for name, found in (("validation", result.judged), ("personalized", result.personalized)):
            if found.get(client, {}).get("rows"):
                row[f"{name}_loss"] = found[client]["loss"]
                if "correct" in found[client]:
                    row[f"{name}_accuracy"] = found[client]["correct"] / found[client]["rows"]
    return {
        "partition": dataclasses.asdict(config.partition),
        "strategy": {"name": config.strategy, **config.strategy_options},
        "clients": rows,
        "faults": [dataclasses.asdict(fault) for fault in result.faults],
    }


def _details(config: FederatedConfig, dealt: Partition, result: Result) -> dict[str, Any]:
    """Facts about the run that are no part of the model's identity."""
    return {
        "engine": {"name": f"flower-{config.grid.replace('_', '-')}", "workers": 1},
        "epochs": len(result.history),
        "best_epoch": result.best_round,
        "mode": "federated",
        "clients": len(dealt.names),
        "faults": len(result.faults),
    }
