"""What travels between server and clients: weights as arrays, numbers, and the work as JSON."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

import numpy as np
import torch
from flwr.app import ArrayRecord, ConfigRecord, MetricRecord, RecordDict
from torch import Tensor, nn

from ..augmentation.config import ContrastiveViewConfig, ViewConfig
from ..data.preprocess import Preprocessor
from ..exceptions import UsageError
from ..training.config import ModelConfig, PretrainConfig, TrainConfig
from .held import Held, record_of
from .private.record_terms import RecordTerms

__all__ = [
    "ARRAYS",
    "BOUND",
    "CONFIG",
    "CONTROL",
    "EXAMPLES",
    "METRICS",
    "PARTITION",
    "ROUND",
    "WITHIN",
    "Work",
    "arrays_of",
    "number",
    "record_in",
    "tensors_of",
    "weights_of",
]

#: What of the section `train` a client needs to know; the rest is the server's.
_TOLD = (
    *("optimizer", "optimizer_options", "learning_rate", "weight_decay", "batch_size", "clip"),
    *("precision", "device", "seed", "label_smoothing", "augment", "mixup", "cutmix"),
)

#: Names of records in a message; the first two and `ROUND` are those of Flower's strategies.
ARRAYS, CONFIG, METRICS, CONTROL = "arrays", "config", "metrics", "control"
#: Keys in those records.
ROUND, EXAMPLES, PARTITION = "server-round", "num-examples", "partition-id"
#: With client-level privacy: largest norm of a client's change, and whether the whole change was within it.
BOUND, WITHIN = "change-bound", "within-bound"

Record = TypeVar("Record", ArrayRecord, ConfigRecord, MetricRecord)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Work:
    """What every client is told to do, the same in every round.

    Attributes:
        model: the network, resolved.
        train: optimizer, rate, batch size and the like.
        pretrain: the same of self-supervised pretraining, and its method, where that is what is done.
        preprocessor: what makes the network's inputs, the same at every client.
        local_epochs: passes over the client's rows in a round.
        seed: of the whole run.
        dtype: numbers that weights and inputs are held in: `float32`, or `float64` to compare grids by.
        privacy: noise on every step of every client, which hides rows; None adds none.
    """

    model: ModelConfig
    train: TrainConfig
    preprocessor: Preprocessor
    local_epochs: int
    seed: int
    dtype: Literal["float32", "float64"] = "float32"
    pretrain: PretrainConfig | None = None
    privacy: RecordTerms | None = None

    @property
    def section(self) -> TrainConfig | PretrainConfig:
        """The section of the spec that says how clients learn."""
        return self.pretrain or self.train

    def to_json(self) -> str:
        """As it travels."""
        return json.dumps(
            {
                "model": dataclasses.asdict(self.model),
                "train": {name: dataclasses.asdict(self.train)[name] for name in _TOLD},
                "preprocessor": self.preprocessor.to_json(),
                "local_epochs": self.local_epochs,
                "seed": self.seed,
                "dtype": self.dtype,
                "pretrain": self.pretrain and dataclasses.asdict(self.pretrain),
                "privacy": self.privacy and dataclasses.asdict(self.privacy),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "Work":
        """What a client makes of it; a section that makes no sense is refused as in a spec."""
        told: dict[str, Any] = json.loads(text)
        if isinstance(views := told["train"].get("augment"), dict):
            told["train"]["augment"] = ViewConfig(**views)
        if told["pretrain"] and (views := told["pretrain"].get("augment")):
            told["pretrain"]["augment"] = ContrastiveViewConfig(**views)
        return cls(
            model=ModelConfig(**told["model"]),
            train=TrainConfig(**told["train"]),
            preprocessor=Preprocessor.from_json(told["preprocessor"]),
            local_epochs=int(told["local_epochs"]),
            seed=int(told["seed"]),
            dtype="float64" if told["dtype"] == "float64" else "float32",
            pretrain=PretrainConfig(**told["pretrain"]) if told["pretrain"] else None,
            privacy=RecordTerms(**told["privacy"]) if told["privacy"] else None,
        )


def number(record: Mapping[str, Any], key: str) -> float:
    """A single number of a record, whose values may be lists and texts, too.

    Raises:
        UsageError: it isn't there, or isn't one.
    """
    value = record.get(key)
    if isinstance(value, (int, float)):
        return value
    raise UsageError(f"a message lacks the number {key!r}", got=repr(value)[:80], expected="a number")


def record_in(content: RecordDict, name: str, kind: type[Record]) -> Record | None:
    """The record of this name if it is of this kind; Flower's own views of a content copy it each time."""
    found = content.get(name)
    return found if isinstance(found, kind) else None


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    """What of a network is averaged: parameters and running statistics; counters of batches are nobody's."""
    return {name: part.detach() for name, part in network.state_dict().items() if part.is_floating_point()}


def arrays_of(tensors: Mapping[str, Tensor]) -> ArrayRecord:
    """Tensors as a record of a message; nobody may write into them afterwards."""
    return record_of({name: Held(part.detach().cpu().numpy()) for name, part in tensors.items()})


def tensors_of(record: ArrayRecord, device: torch.device | None = None) -> dict[str, Tensor]:
    """A record's arrays as tensors of their own memory."""
    return {
        name: torch.from_numpy(np.array(array.numpy(), copy=True)).to(device or "cpu")
        for name, array in record.items()
    }
