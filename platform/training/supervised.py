"""The stage `train`: learn from labels, from scratch or from pretrained weights."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch
from torch import nn

from ...models.network import Network
from ..data.dataset import Dataset
from ..data.preprocess import Preprocessor
from ..data.schema import Schema
from ..predictor import load_model
from ..predictor.artifact import POSTPROCESS, read_preprocessor, save_network, write_json
from ..privacy.account import Account, Unaccounted
from ..privacy.canaries.mislabelled import Mislabelled, drawn_once
from ..privacy.canaries.scores import CANARIES, CANARY_ROWS, CanaryScores
from ..privacy.config import RECORD, PrivacyConfig
from ..privacy.stages import Stages, read_mechanism
from .assembly import fit_as_configured
from .config import ModelConfig, TrainConfig
from .contradictions import refuse_contradictions
from .devices import choose_device
from .domain import Domain, adapted_objective
from .engines.in_process import Engine, InProcess
from .networks import resolve_model
from .preparation import (
    head_alone,
    labels_seen,
    start_network,
    training_objective,
    uncalibrated,
    with_labels,
)
from .progress import Progress
from .rows import Rows
from .seeding import derive, reproducible
from .tables import encoded, labelled


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be trained, as every worker is told it, wherever it runs.

    Attributes:
        dataset: folder of a dataset artifact.
        model: the network, resolved.
        config: the section `train` of the spec.
        pretrained: folder of a pretrained artifact, or None.
        out: folder to fill.
        scratch: folder for checkpoints, which outlives the process.
        privacy: the budget of differential privacy, or None.
        preprocessor: that was not fitted on the train rows, or None to fit one.
        account: who is told what a private run will cost, before its first step.
        domain: another one, whose rows are there without labels, or None.
    """

    dataset: Path
    model: ModelConfig
    config: TrainConfig
    pretrained: Path | None
    out: Path
    scratch: Path
    privacy: PrivacyConfig | None = None
    preprocessor: Preprocessor | None = None
    account: Account = field(default_factory=Unaccounted)
    domain: Domain | None = None

    @property
    def persons(self) -> str | None:
        """The column that says whose row each is, where a person is who the noise hides."""
        return None if self.privacy is None or self.privacy.unit == RECORD else self.privacy.unit

    def canary_rows(self, rows: int, classes: int) -> Mislabelled:
        """Those of the train rows that an attack by outputs takes: the same where the job starts again."""
        return drawn_once(
            self.scratch / "canary_rows",
            rows=rows,
            classes=classes,
            count=0 if self.privacy is None else self.privacy.canary_rows,
            seed=None if self.privacy is None else self.privacy.noise_seed,
        )

    @property
    def stages(self) -> Stages:
        """The private pretraining that this training goes on from, and is claimed together with."""
        if self.privacy is None or self.pretrained is None:
            return Stages()
        before = read_mechanism(self.pretrained, self.privacy)
        return Stages(before=() if before is None else (before,))


def train(
    *,
    dataset: Path,
    model: ModelConfig,
    config: TrainConfig,
    pretrained: Path | None = None,
    out: Path,
    scratch: Path,
    progress: Callable[[Progress], None] = lambda progress: None,
    ray_address: str | None = None,
    privacy: PrivacyConfig | None = None,
    preprocessor: Preprocessor | None = None,
    account: Account | None = None,
    domain: Domain | None = None,
) -> dict[str, Any]:
    """Train a network on the labelled train rows; the validation rows tell the best epoch.

    Writes the model artifact, `history.json`, and `labels.json`: how many labels were looked at, and which.
    A private run adds what its canaries show, `canaries.parquet` and, of rows, `canary_rows.parquet`.

    Args:
        dataset: folder of a dataset artifact.
        model: the network.
        config: the section `train` of the spec.
        pretrained: folder of a pretrained artifact, whose preprocessing is kept; None starts from scratch.
        out: folder to fill.
        scratch: folder for checkpoints, which outlives the process.
        progress: told at most five times a second.
        ray_address: of a Ray cluster; None starts one on this machine if there are several workers.
        privacy: the budget of differential privacy for the train rows, or None.
        preprocessor: from public knowledge or public rows (platform/data/declared.py); None fits one on the
            train rows, which no privacy budget covers.
        account: who is told what a private run will cost, before its first step; None tells nobody.
        domain: another one, whose rows are there without labels, or None.

    Returns:
        Engine, epochs and the like, for the manifest.

    Raises:
        SpecError: a name or a value that can't be used.
        CombinationError: two settings that can't be had together.
        UsageError: several workers without Ray.
        BudgetError: the account doesn't allow what the run would cost.
    """
    schema = Dataset.open(dataset).schema
    job = Job(
        dataset=dataset.absolute(),
        model=resolve_model(model, schema.modality),
        config=config,
        pretrained=pretrained.absolute() if pretrained else None,
        out=out.absolute(),
        scratch=scratch.absolute(),
        privacy=privacy,
        preprocessor=preprocessor,
        account=account or Unaccounted(),
        domain=domain,
    )
    refuse_contradictions(job, schema, cluster=ray_address is not None)
    several = domain is None and torch.cuda.device_count() > 1 and choose_device(config.device).type == "cuda"
    alone = config.workers == 1 or (config.workers == "auto" and not several)
    if ray_address is None and alone:
        return {**learn(job, InProcess(), progress), "recovered": 0}
    from .engines.ray_train import learn_on_ray

    return learn_on_ray(job, progress, ray_address)


def learn(
    job: Job, engine: Engine, progress: Callable[[Progress], None], *, threads: int | None = None
) -> dict[str, Any]:
    """What one worker does: the first one writes the artifact.

    Args:
        job: what is to be trained.
        engine: who else takes part.
        progress: told at most five times a second.
        threads: of this worker; None leaves them alone.

    Returns:
        Details for the manifest.
    """
    config, data, device = job.config, Dataset.open(job.dataset), choose_device(job.config.device)
    table = data.table("train")
    canaries = engine.once(partial(job.canary_rows, table.num_rows, len(data.schema.classes)))
    learned = canaries.learned(table)
    with reproducible(derive(config.seed, "train"), threads=threads, strict=device.type == "cpu"):
        preprocessor = _preprocessor(job, learned, data.schema)
        network = start_network(job.model, preprocessor, job.pretrained, config).to(device)
        tables = {
            split: with_labels(rows, preprocessor, config, split)
            for split, rows in (("train", learned), ("validation", data.table("validation")))
        }
        rows = labelled(preprocessor, tables["train"], device, persons=job.persons)
        rows = replace(rows, target=canaries.labels(rows.target))
        validation = labelled(preprocessor, tables["validation"], device)
        if head_alone(config, network):
            rows, validation = encoded(network, rows), encoded(network, validation)
        outcome, details = fit_as_configured(
            _objective(job, network, preprocessor, rows),
            rows,
            validation if len(validation) else None,
            stage="train",
            model=job.model,
            network=network,
            config=config,
            scratch=job.scratch,
            progress=progress,
            engine=engine,
            privacy=job.privacy,
            preprocessor=job.preprocessor,
            account=job.account,
            canaries=job.out / CANARIES,
            stages=job.stages,
        )
    if engine.rank == 0:
        _write_model(job, network, preprocessor)
        write_json(job.out / "history.json", outcome.history)
        members = canaries.others(table) if len(canaries) else None
        write_json(job.out / "labels.json", labels_seen(tables, config, members))
        _write_shown(job, table, canaries)
    return {
        **details,
        "mode": config.mode,
        "preprocessing": "pretraining" if job.pretrained else "given" if job.preprocessor else "train rows",
        "labels": {name: table.num_rows for name, table in tables.items()},
    }


def _objective(job: Job, network: Network, preprocessor: Preprocessor, rows: Rows) -> nn.Module:
    if job.domain is None:
        return training_objective(job.config, network, preprocessor.schema)
    return adapted_objective(
        job.domain, network, preprocessor, job.config, rows=len(rows), device=rows.device
    )


def _preprocessor(job: Job, learned: pa.Table, schema: Schema) -> Preprocessor:
    """Pretraining's own, the one that was given, or one fitted on the rows that training sees."""
    if job.pretrained is not None:
        return read_preprocessor(job.pretrained)
    return job.preprocessor or Preprocessor.fit(learned, schema)


def _write_model(job: Job, network: Network, preprocessor: Preprocessor) -> None:
    save_network(
        job.out,
        network,
        name=str(job.model.architecture),
        options=job.model.options,
        preprocessor=preprocessor,
    )
    write_json(job.out / POSTPROCESS, uncalibrated(preprocessor).to_json())


def _write_shown(job: Job, train: pa.Table, canaries: Mislabelled) -> None:
    """What the finished model says of the canaries, as anybody who has it could ask; nothing of none."""
    if job.privacy is None or not len(canaries):
        return
    model, taken = load_model(job.out), train.take(pa.array(canaries.rows))
    CanaryScores(
        scores=canaries.scores(model.outputs(taken), model.preprocessor.targets(taken)),
        included=canaries.included,
        delta=job.privacy.delta,
    ).to_parquet(job.out / CANARY_ROWS)
