"""What a person may say about training: the `model`, `pretrain` and `train` sections of the spec."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from ..exceptions import SpecError


def _require(section: str, **rules: tuple[object, bool, str]) -> None:
    """Raise for the first key whose value breaks its rule: key = (value, holds, what was expected)."""
    for key, (value, holds, expected) in rules.items():
        if not holds:
            raise SpecError(
                f"{section}.{key} is out of range",
                got=value,
                expected=expected,
                mend=f"change {section}.{key} in the spec, or give --set {section}.{key}=VALUE",
            )


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The network that is trained."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    architecture: str | None = None
    """Name from `assay list architectures`; null takes `mlp` for tables and `resnet_small` for images."""

    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of that architecture, e.g. `{width: 256, depth: 3}`; what isn't given keeps its default."""


@dataclass(frozen=True, kw_only=True)
class PretrainConfig:
    """Self-supervised pretraining: every train row takes part; labels have no part in what is learned."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    method: str
    """Name from `assay list pretraining`, e.g. `scarf` for tables, `simclr` for images."""

    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of that method, e.g. `{temperature: 0.5}`."""

    epochs: int = 10
    """Passes over the train rows."""

    batch_size: int = 256
    """Rows a step, over all workers together."""

    optimizer: str = "adamw"
    """Name from `assay list optimizers`."""

    learning_rate: float = 1e-3
    """Peak learning rate of the schedule."""

    weight_decay: float = 1e-4
    """Decoupled weight decay; biases, norms and embeddings of one dimension are spared."""

    schedule: str = "one_cycle"
    """Name from `assay list schedules`."""

    clip: float | None = 1.0
    """Largest norm of the whole gradient; null leaves it alone."""

    patience: int | None = None
    """Epochs without a better validation loss before stopping; null runs every epoch. Methods whose loss is
    held against something that learns too, `moco` and `byol`, have none and run every epoch."""

    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """`auto`: bf16 on a CUDA device that has it, else fp32. `bf16` is autocast; weights stay fp32."""

    device: Literal["auto", "cuda", "mps", "cpu"] = "auto"
    """`auto`: the first of cuda, mps, cpu that is there."""

    seed: int = 0
    """Seed of the weights, the order of rows, and the views."""

    checkpoint_seconds: float = 20.0
    """Seconds between checkpoints inside an epoch; the weights don't depend on it."""

    def __post_init__(self) -> None:
        _require("pretrain", **_loop_rules(self))


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Supervised training, from scratch or from pretrained weights."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    mode: Literal["finetune", "linear_probe"] = "finetune"
    """`finetune` moves every weight; `linear_probe` freezes the network and trains its head."""

    epochs: int = 20
    """Passes over the labelled train rows, at most."""

    batch_size: int = 256
    """Rows a step, over all workers together."""

    optimizer: str = "adamw"
    """Name from `assay list optimizers`."""

    learning_rate: float = 1e-3
    """Peak learning rate of the schedule."""

    weight_decay: float = 1e-2
    """Decoupled weight decay; biases, norms and embeddings of one dimension are spared."""

    schedule: str = "one_cycle"
    """Name from `assay list schedules`."""

    clip: float | None = 1.0
    """Largest norm of the whole gradient; null leaves it alone."""

    patience: int | None = 5
    """Epochs without a better validation loss before stopping; null runs all."""

    keep: Literal["best", "last"] = "best"
    """Whose weights are kept: of the epoch with the lowest validation loss, or of the last one. With
    `privacy`, `last` and no `patience` leave the choice to no row."""

    label_smoothing: float = 0.0
    """Share of the probability that is spread evenly over the classes (Szegedy et al. 2016)."""

    augment: bool = True
    """Images: small shifts, turns and changes of scale and contrast on every batch. Nothing for tables, and
    where the head alone is trained: each row is then encoded once."""

    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """`auto`: bf16 on a CUDA device that has it, else fp32. `bf16` is autocast; weights stay fp32."""

    device: Literal["auto", "cuda", "mps", "cpu"] = "auto"
    """`auto`: the first of cuda, mps, cpu that is there."""

    workers: Literal["auto"] | int = "auto"
    """Ray Train workers; `auto` is in-process unless a Ray address is given or there are several devices."""

    seed: int = 0
    """Seed of the weights, the order of rows, augmentation and the choice of labels."""

    label_fraction: float = 1.0
    """Share of the train labels that is used, stratified; pretraining always sees every row."""

    labels_per_class: int | None = None
    """Labels used from each class; takes the place of `label_fraction`."""

    checkpoint_seconds: float = 20.0
    """Seconds between checkpoints inside an epoch; the weights don't depend on it."""

    def __post_init__(self) -> None:
        _require(
            "train",
            **_loop_rules(self),
            label_smoothing=(self.label_smoothing, 0 <= self.label_smoothing < 1, "0 or more, below 1"),
            label_fraction=(self.label_fraction, 0 < self.label_fraction <= 1, "above 0, at most 1"),
            labels_per_class=(
                self.labels_per_class,
                self.labels_per_class is None or self.labels_per_class >= 1,
                "1 or more, or null",
            ),
            workers=(self.workers, self.workers == "auto" or self.workers >= 1, "auto, or 1 or more"),
        )


def _loop_rules(config: PretrainConfig | TrainConfig) -> dict[str, tuple[object, bool, str]]:
    """Rules of the keys that both sections share."""
    clip, patience = config.clip, config.patience
    return {
        "epochs": (config.epochs, config.epochs >= 1, "1 or more"),
        "batch_size": (config.batch_size, config.batch_size >= 1, "1 or more"),
        "learning_rate": (config.learning_rate, 0 < config.learning_rate < float("inf"), "above 0"),
        "weight_decay": (config.weight_decay, 0 <= config.weight_decay < float("inf"), "0 or more"),
        "clip": (clip, clip is None or clip > 0, "above 0, or null"),
        "patience": (patience, patience is None or patience >= 1, "1 or more, or null"),
        "seed": (config.seed, 0 <= config.seed < 2**63, "0 or more, below 2**63"),
        "checkpoint_seconds": (config.checkpoint_seconds, config.checkpoint_seconds >= 0, "0 or more"),
    }
