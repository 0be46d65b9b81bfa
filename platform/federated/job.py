"""A federated training as its server is told it: what is learned, how, by how many, and how it is kept."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import TypeAdapter, ValidationError

from ...models.catalog import PRETRAINING
from ...models.schedules import build_schedule
from ..data.preprocess import Preprocessor
from ..exceptions import CombinationError, SpecError
from ..predictor.artifact import POSTPROCESS, save_network, write_json
from ..training.config import ModelConfig, PretrainConfig, TrainConfig
from ..training.networks import refusals, resolve_model
from ..training.preparation import start_network, uncalibrated
from ..training.seeding import derive
from .config import FederatedConfig
from .course import Course, Result
from .local import Learner
from .messages import Work, tensors_of
from .secure.refused import check_secure
from .strategies import check_strategy

__all__ = ["Job", "read_job", "write_job", "write_model"]

_SECTIONS = {
    "model": ModelConfig,
    "train": TrainConfig,
    "federated": FederatedConfig,
    "pretrain": PretrainConfig,
}

#: Keys of `train` that only one long run has a use for.
_CENTRAL = ("accumulate", "ema", "layer_decay")


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be trained; it holds no row.

    Attributes:
        model: the network.
        train: the section `train` of the spec.
        federated: its section `federated`.
        preprocessor: what makes the network's inputs, the same at every client.
        clients: how many there are.
        dtype: numbers that weights and inputs are held in.
        pretrain: the section `pretrain` of the spec, where that is what is to be done.
        pretrained: folder of the artifact whose weights training starts from, or None.
    """

    model: ModelConfig
    train: TrainConfig
    federated: FederatedConfig
    preprocessor: Preprocessor
    clients: int
    dtype: Literal["float32", "float64"] = "float32"
    pretrain: PretrainConfig | None = None
    pretrained: Path | None = None

    def check(self) -> None:
        """Refuse what rounds have no room for.

        Raises:
            CombinationError: two settings can't be had together.
        """
        _refuse_central(self.train)
        check_strategy(self.federated, self.section, self.clients)
        if self.federated.secure is not None:
            check_secure(self.federated, self.clients)

    def learner(self) -> Learner:
        """What clients learn, as it is before the first round."""
        learner = Learner.build(self.work)
        if self.pretrain is None:
            start = start_network(self.resolved, self.preprocessor, self.pretrained, self.train)
            learner.network.load_state_dict(start.state_dict())
        return learner

    def course(self) -> Course:
        """The numbers that the server runs by.

        Raises:
            SpecError: no such schedule.
        """
        told, section, learning = self.federated, self.section, self.pretrain is None
        rounds = told.rounds if learning else told.pretrain_rounds
        with refusals("train" if learning else "pretrain"):
            factor = build_schedule(section.schedule, rounds, **section.schedule_options)
        judged = self.train.keep == "best" if learning else not self._moving_target
        return Course(
            work=self.work.to_json(),
            rounds=rounds,
            factor=factor,
            patience=section.patience if learning or judged else None,
            keep_best=judged,
            seed=self.work.seed,
            personalize=told.personalize if learning else 0,
            **{name: getattr(told, name) for name in ("fraction", "least", "timeout")},
        )

    @property
    def section(self) -> TrainConfig | PretrainConfig:
        """The section of the spec that says how clients learn."""
        return self.pretrain or self.train

    @property
    def work(self) -> Work:
        """What every client is told."""
        seed = self.train.seed if self.pretrain is None else derive(self.pretrain.seed, "pretrain")
        return Work(
            model=self.resolved,
            train=self.train,
            preprocessor=self.preprocessor,
            local_epochs=self.federated.local_epochs,
            seed=seed,
            dtype=self.dtype,
            pretrain=self.pretrain,
        )

    @property
    def _moving_target(self) -> bool:
        """Whether losses are held against something that learns too, so that the lowest says nothing."""
        return self.pretrain is not None and PRETRAINING[self.pretrain.method].moving_target

    @property
    def resolved(self) -> ModelConfig:
        """The network with its name and every option filled in."""
        return resolve_model(self.model, self.preprocessor.schema.modality)


def write_job(job: Job, path: Path) -> None:
    """Write a job to a file, for the server of a deployment."""
    job.check()
    told = {field.name: getattr(job, field.name) for field in fields(job)}
    parts = {name: asdict(told[name]) for name in _SECTIONS if told[name]}
    others = {
        "preprocessor": job.preprocessor.to_json(),
        "pretrained": job.pretrained and str(job.pretrained),
    }
    write_json(path, told | parts | others)


def read_job(path: Path) -> Job:
    """Read a job.

    Raises:
        SpecError: the file isn't there, or says what makes no sense.
    """
    try:
        told = json.loads(path.read_bytes())
        preprocessor = Preprocessor.from_json(told.pop("preprocessor"))
        parts = {
            name: TypeAdapter(kind).validate_python(part)
            for name, kind in _SECTIONS.items()
            if (part := told.pop(name)) is not None
        }
        pretrained = (folder := told.pop("pretrained")) and Path(folder)
        job = Job(preprocessor=preprocessor, pretrained=pretrained, **parts, **told)
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        said = f"{path} is no job of a federated training"
        raise SpecError(said, got=error, mend="write it anew") from error
    job.check()
    return job


def write_model(job: Job, result: Result, out: Path) -> None:
    """Write the model artifact, or what was pretrained, and `history.json`, with an entry a round."""
    learner, model = job.learner(), job.resolved
    learner.load(tensors_of(result.arrays))
    save_network(
        out,
        learner.network.to("cpu", torch.float32),
        name=str(model.architecture),
        options=model.options,
        preprocessor=job.preprocessor,
    )
    if job.pretrain is None:
        write_json(out / POSTPROCESS, uncalibrated(job.preprocessor).to_json())
    write_json(out / "history.json", [_epoch(entry) for entry in result.history])


def _epoch(entry: Mapping[str, float]) -> dict[str, float]:
    """A round as an entry of the history that every stage of training writes."""
    return {"epoch": entry["round"], **{key: value for key, value in entry.items() if key != "round"}}


def _refuse_central(config: TrainConfig) -> None:
    """Settings of training that rounds have no room for.

    Raises:
        CombinationError: there is such.
    """
    usual: dict[str, Any] = {field.name: field.default for field in fields(TrainConfig)}
    fits = {
        "mode": config.mode in ("finetune", "scratch"),
        "workers": config.workers in ("auto", 1),
        "schedule": config.schedule != "plateau",
        **{key: getattr(config, key) == usual[key] for key in _CENTRAL},
    }
    for key, fit in fits.items():
        if not fit:
            raise CombinationError(
                f"train.{key} can't be had with federated training",
                got=getattr(config, key),
                expected="clients that each move every weight, alone, at the round's rate",
                mend=f"leave train.{key} out",
            )
