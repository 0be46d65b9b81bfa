"""The stage `train` where rows stay with clients: the same artifact as `train` writes, made by rounds."""

import dataclasses
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from ..data.dataset import Dataset
from ..data.preprocess import Preprocessor
from ..predictor.artifact import read_preprocessor, write_json
from ..privacy.account import Account, Unaccounted
from ..privacy.canaries.scores import CANARIES
from ..privacy.config import RECORD, PrivacyConfig
from ..training.config import ModelConfig, TrainConfig
from ..training.preparation import labels_seen
from ..training.progress import Progress, Throttled
from .client_app import client_app, forget
from .config import FederatedConfig
from .course import Result
from .dealing import Dealt, deal
from .grids import run_apps
from .job import Job, write_model
from .private import withheld
from .private.charged import charged
from .private.client_privacy import ClientPrivacy
from .private.planned import planned
from .private.planned_records import planned_records
from .private.record_privacy import RecordPrivacy
from .secure.summing import SecureSums, told_of_sums
from .server_app import server_app
from .sites import write_sites
from .stacking import alone_because
from .together import Together
from .watchers import watched_in

__all__ = [
    "CLIENTS",
    "beside_clients",
    "details_of",
    "learn_at_clients",
    "scores_of",
    "told_of_clients",
    "train_federated",
]

#: File of the model artifact: who had what, who took part, how good the global weights are at each client.
CLIENTS = "clients.json"


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
    pretrained: Path | None = None,
    privacy: PrivacyConfig | None = None,
    account: Account | None = None,
) -> dict[str, Any]:
    """Train a network by rounds on rows that are dealt to clients, each of which reads its own alone.

    Writes the model artifact, `history.json` with an entry a round, `labels.json`, and `clients.json`; with
    privacy `canaries.parquet`, too.

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
        pretrained: folder of what these clients pretrained: its weights and its preprocessing; or None.
        privacy: the section `privacy` of the spec, which hides whole clients, or their rows; None hides
            nobody.
        account: who is told what private rounds will cost, before the first; None tells nobody.

    Returns:
        Grid, rounds and the like, for the manifest.

    Raises:
        SpecError: a name or a value that can't be used.
        CombinationError: two settings that can't be had together.
        BudgetError: the account doesn't allow what the rounds would cost.
        AssayError: too few clients answered in a round; nothing is written then.
    """
    data = Dataset.open(dataset)
    told = _preprocessor(data, preprocessor, pretrained)
    dealt = deal(data, told, federated, config.seed).labelled(told, config)
    job = Job(
        model=model,
        train=config,
        federated=federated,
        preprocessor=told,
        clients=len(dealt.partition.names),
        pretrained=pretrained,
    )
    private = None if privacy is None else _planned(job, privacy, dealt)
    with nullcontext() if private is None else charged(account or Unaccounted(), private):
        result = learn_at_clients(job, data, dealt, scratch=scratch, progress=progress, private=private)
    preprocessing = "pretraining" if pretrained else "given" if preprocessor else "train rows of all clients"
    found = told_of_clients(dealt, federated, result) | {"preprocessing": preprocessing}
    details = details_of(job, result) | {"preprocessing": preprocessing}
    if isinstance(private, RecordPrivacy):
        found, details = private.by_client(found), private.of_details(details)
    elif private is not None:
        found, result.history = withheld.of_clients(found), withheld.of_rounds(result.history)
        details = withheld.of_details(details)
    if private is not None:
        details |= {"privacy": _closed(private, out)}
    write_model(job, result, out)
    write_json(out / "labels.json", labels_seen(dealt.tables, config))
    write_json(out / CLIENTS, found)
    return details | {"labels": {name: table.num_rows for name, table in dealt.tables.items()}}


def _planned(job: Job, privacy: PrivacyConfig, dealt: Dealt) -> ClientPrivacy | RecordPrivacy:
    """What hides rows, or clients, checked before the account hears of it."""
    if privacy.unit != RECORD:
        return planned(job, privacy)
    return planned_records(job, privacy, np.bincount(dealt.partition.train).tolist())


def _closed(private: ClientPrivacy | RecordPrivacy, out: Path) -> dict[str, Any]:
    """Check the noise that was released, write what canaries show, and return what is claimed."""
    shown = private.finished()
    if shown is not None:
        shown.to_parquet(out / CANARIES)
    return private.details()


def _preprocessor(data: Dataset, given: Preprocessor | None, pretrained: Path | None) -> Preprocessor:
    """What makes the network's inputs: pretraining's own, the one that was given, or fitted here."""
    if pretrained is not None:
        return read_preprocessor(pretrained)
    return given or Preprocessor.fit(data.table("train"), data.schema)


def learn_at_clients(
    job: Job,
    data: Dataset,
    dealt: Dealt,
    *,
    scratch: Path,
    progress: Callable[[Progress], None],
    private: ClientPrivacy | RecordPrivacy | None = None,
) -> Result:
    """Give every client its rows, and run both apps on the grid that was asked for.

    Args:
        job: what is learned.
        data: where the rows are from.
        dealt: whose they are.
        scratch: folder for the clients' own folders, as long as they are needed, and for rounds: started
            again with the same one, a training that was killed goes on.
        progress: told after each round, at most five times a second.
        private: what hides clients or their rows, prepared for this job; None hides nobody.

    Raises:
        CombinationError: two settings that can't be had together.
        AssayError: too few clients answered in a round.
    """
    job.check()
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sites-", dir=scratch) as sites:
        write_sites(data, dealt.tables, dealt.partition, Path(sites))
        result = _run(job, Path(sites), progress, private, scratch / "rounds")
    shutil.rmtree(scratch / "rounds", ignore_errors=True)
    return result


def _run(
    job: Job,
    sites: Path,
    progress: Callable[[Progress], None],
    private: ClientPrivacy | RecordPrivacy | None,
    kept: Path,
) -> Result:
    """Both apps, until the last round."""
    said, done, rounds = Throttled(progress), [], job.course().rounds
    stage = "train" if job.pretrain is None else "pretrain"

    def tell(number: int, entry: Mapping[str, float]) -> None:
        losses = {"loss": entry["train_loss"]} if "train_loss" in entry else {}
        said(stage, number, rounds, lambda: {"round": number, **losses}, now=number == rounds)

    server = server_app(job, done.append, tell, private, kept)
    try:
        run_apps(job.federated.grid, server, client_app(sites), job.clients, together=Together(sites))
    finally:
        forget()
    return done[0]


def told_of_clients(dealt: Dealt, config: FederatedConfig, result: Result) -> dict[str, Any]:
    """What `clients.json` holds."""
    rows = dealt.partition.picture(dealt.labels, dealt.classes)
    for client, row in enumerate(rows):
        row |= scores_of(result, client)
    return {
        "partition": dataclasses.asdict(config.partition),
        "clients": rows,
        "faults": [dataclasses.asdict(fault) for fault in result.faults],
        **beside_clients(config, result),
    }


def scores_of(result: Result, client: int) -> dict[str, Any]:
    """Rounds that a client took part in, and how good the weights are on its own validation rows."""
    row: dict[str, Any] = {"asked": result.asked.get(client, 0), "counted": result.counted.get(client, 0)}
    for name, found in (("validation", result.judged), ("personalized", result.personalized)):
        if found.get(client, {}).get("rows"):
            row[f"{name}_loss"] = found[client]["loss"]
            if "correct" in found[client]:
                row[f"{name}_accuracy"] = found[client]["correct"] / found[client]["rows"]
    return row


def beside_clients(config: FederatedConfig, result: Result) -> dict[str, Any]:
    """Strategy, what watchers saw, and what secure sums took, but for the seconds."""
    sums = {"secure": told_of_sums(config.secure, result.watched[SecureSums.name])} if config.secure else {}
    strategy = {"name": config.strategy, **config.strategy_options}
    return {"strategy": strategy, **watched_in(config, result), **sums}


def details_of(job: Job, result: Result) -> dict[str, Any]:
    """Facts about the run that are no part of the model's identity."""
    sums = result.watched.get(SecureSums.name)
    return {
        "engine": {"name": f"flower-{job.federated.grid.replace('_', '-')}", "workers": 1},
        "epochs": len(result.history),
        "best_epoch": result.best_round,
        "mode": "federated",
        "clients": job.clients,
        "clients_alone_because": alone_because(job.learner()) if job.federated.grid == "in_process" else None,
        "faults": len(result.faults),
        "resumed_from": result.resumed_from,
        "effort": result.effort,
        **({"secure_seconds": sum(told["seconds"] for told in sums)} if sums else {}),
    }
