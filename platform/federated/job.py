"""A federated training as its server is told it: what is learned, how, by how many, and how it is kept."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from ...models.network import Network
from ...models.schedules import build_schedule
from ..data.preprocess import Preprocessor
from ..exceptions import CombinationError, SpecError
from ..predictor.artifact import POSTPROCESS, save_network, write_json
from ..training.config import ModelConfig, TrainConfig
from ..training.networks import build_network, refusals, resolve_model
from ..training.preparation import uncalibrated
from .config import FederatedConfig
from .messages import Work, tensors_of
from .rounds import Course, Result
from .strategies import check_strategy

__all__ = ["Job", "read_job", "write_job", "write_model"]

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
    """

    model: ModelConfig
    train: TrainConfig
    federated: FederatedConfig
    preprocessor: Preprocessor
    clients: int
    dtype: Literal["float32", "float64"] = "float32"

    def check(self) -> None:
        """Refuse what rounds have no room for.

        Raises:
            CombinationError: two settings can't be had together.
        """
        _refuse_central(self.train)
        check_strategy(self.federated, self.train, self.clients)

    def network(self) -> Network:
        """The network before the first round."""
        return build_network(self.resolved, self.preprocessor, self.train.seed)

    def course(self) -> Course:
        """The numbers that the server runs by.

        Raises:
            SpecError: no such schedule.
        """
        told, rounds = self.federated, self.federated.rounds
        with refusals("train"):
            factor = build_schedule(self.train.schedule, rounds, **self.train.schedule_options)
        work = Work(
            model=self.resolved,
            train=self.train,
            preprocessor=self.preprocessor,
            local_epochs=told.local_epochs,
            seed=self.train.seed,
            dtype=self.dtype,
        )
        return Course(
            work=work.to_json(),
            factor=factor,
            patience=self.train.patience,
            keep_best=self.train.keep == "best",
            seed=self.train.seed,
            **{
                name: getattr(told, name)
                for name in ("rounds", "fraction", "least", "timeout", "personalize")
            },
        )

    @property
    def resolved(self) -> ModelConfig:
        """The network with its name and every option filled in."""
        return resolve_model(self.model, self.preprocessor.schema.modality)


def write_job(job: Job, path: Path) -> None:
    """Write a job to a file, for the server of a deployment."""
    job.check()
    told = {field.name: getattr(job, field.name) for field in fields(job)}
    parts = {name: asdict(told[name]) for name in ("model", "train", "federated")}
    write_json(path, told | parts | {"preprocessor": job.preprocessor.to_json()})


def read_job(path: Path) -> Job:
    """Read a job.

    Raises:
        SpecError: the file isn't there, or says what makes no sense.
    """
    try:
        told = json.loads(path.read_bytes())
        preprocessor = Preprocessor.from_json(told.pop("preprocessor"))
        sections = {"model": ModelConfig, "train": TrainConfig, "federated": FederatedConfig}
        parts = {name: TypeAdapter(kind).validate_python(told.pop(name)) for name, kind in sections.items()}
        job = Job(preprocessor=preprocessor, **parts, **told)
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        said = f"{path} is no job of a federated training"
        raise SpecError(said, got=error, mend="write it anew") from error
    job.check()
    return job


def write_model(job: Job, result: Result, out: Path) -> None:
    """Write the model artifact and `history.json`, with an entry a round."""
    network = job.network()
    network.load_state_dict({**network.state_dict(), **tensors_of(result.arrays)})
    model = job.resolved
    save_network(
        out, network, name=str(model.architecture), options=model.options, preprocessor=job.preprocessor
    )
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
