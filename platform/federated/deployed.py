"""The stage `train` where clients are nodes of their own: a SuperLink is sent a job, and a model comes back.

Rows lie at the nodes. The data set that is here gives the schema, the preprocessing where no codebook does,
and the rows that calibration and the audit look at; none of its train rows is trained on.
"""

import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flwr.app import ArrayRecord

from ..data.dataset import Dataset
from ..data.preprocess import Preprocessor
from ..exceptions import AssayError
from ..predictor.artifact import write_json
from ..training.config import ModelConfig, TrainConfig
from ..training.preparation import labels_seen
from .config import FederatedConfig
from .course import Result
from .deployment import FAILED, ROUNDS
from .job import Job, write_job
from .superlink import last_words, run_there
from .training import CLIENTS, beside_clients, details_of, scores_of

__all__ = ["train_deployed"]

#: How rows were dealt, in `clients.json`: they weren't.
_NODES = "nodes"

#: What preprocessing was fitted on, where no codebook gave it.
_AT_THE_SERVER = "train rows at the server"

#: Seconds for a SuperLink and its nodes to start their apps.
_START = 300.0

#: Messages to each client that a secure sum takes.
_OF_A_SUM = 4


def train_deployed(
    *,
    dataset: Path,
    model: ModelConfig,
    config: TrainConfig,
    federated: FederatedConfig,
    out: Path,
    scratch: Path,
    preprocessor: Preprocessor | None = None,
) -> dict[str, Any]:
    """Have the nodes of a SuperLink train a network.

    Writes what `train_federated` writes. The server's app runs on this machine, by somebody who may read and
    write `scratch`.

    Args:
        dataset: folder of a dataset artifact.
        model: the network.
        config: the section `train` of the spec.
        federated: its section `federated`, with `grid: deployment`.
        out: folder to fill.
        scratch: folder for the job and for what comes back, as long as they are needed.
        preprocessor: from public knowledge; None fits one on the data set's train rows.

    Returns:
        Grid, rounds and the like, for the manifest.

    Raises:
        CombinationError: two settings that can't be had together.
        UsageError: the run could not be started.
        AssayError: it failed or took too long; nothing is written then.
    """
    data = Dataset.open(dataset)
    job = Job(
        model=model,
        train=config,
        federated=federated,
        preprocessor=preprocessor or Preprocessor.fit(data.table("train"), data.schema),
        clients=federated.drawn_clients,
    )
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="deployment-", dir=scratch) as folder:
        result = _fetched(job, Path(folder).resolve(), out)
    preprocessing = "given" if preprocessor else _AT_THE_SERVER
    none, validation = data.table("train").slice(0, 0), data.table("validation")
    write_json(out / "labels.json", labels_seen({"train": none, "validation": validation}, config, none))
    write_json(out / CLIENTS, _told_of_nodes(job, result) | {"preprocessing": preprocessing})
    return details_of(job, result) | {
        "preprocessing": preprocessing,
        "labels": {"train": 0, "validation": validation.num_rows},
    }


def _fetched(job: Job, folder: Path, out: Path) -> Result:
    """Run a job, copy the model that comes of it, and return what else is told.

    Raises:
        AssayError: there is no model.
    """
    there, log = folder / "model", folder / "flower.log"
    write_job(job, folder / "job.json")
    superlink = job.federated.superlink
    assert superlink is not None, "the section says which with this grid"
    run_there(superlink, {"job": folder / "job.json", "out": there}, log=log, limit=_seconds(job.federated))
    if not (there / ROUNDS).exists():
        failed = there / FAILED
        why = failed.read_text(encoding="utf-8") if failed.exists() else last_words(log)
        raise AssayError(f"the run on the SuperLink {superlink} ended without a model\n{why}")
    told = json.loads((there / ROUNDS).read_bytes())
    shutil.copytree(there, out, dirs_exist_ok=True, ignore=shutil.ignore_patterns(ROUNDS))
    return Result.from_json(told, ArrayRecord())


def _seconds(config: FederatedConfig) -> float:
    """As long as a run may take: every wait for nodes has `timeout`, and a secure sum waits at each step."""
    steps = _OF_A_SUM if config.secure else 1
    waits = 2 + 2 * steps * config.rounds + (config.personalize > 0)
    return _START + waits * config.timeout


def _told_of_nodes(job: Job, result: Result) -> dict[str, Any]:
    """What `clients.json` holds: of rows at a node, what the node said."""
    rows = []
    for client in range(job.clients):
        row: dict[str, Any] = {"client": f"node {client}"}
        if client in result.rows:
            row["train"] = result.rows[client]
        if client in result.judged:
            row["validation"] = int(result.judged[client]["rows"])
        rows.append(row | scores_of(result, client))
    return {
        "partition": {"by": _NODES},
        "clients": rows,
        "faults": [asdict(fault) for fault in result.faults],
        **beside_clients(job.federated, result),
    }
