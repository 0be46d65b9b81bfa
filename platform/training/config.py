"""What a person may say about training: the `model`, `pretrain` and `train` sections of the spec."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from ..augmentation.config import ContrastiveViewConfig, ViewConfig
from ..exceptions import CombinationError, SpecError


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
    """Name from `assay list architectures`; null takes `mlp` for tables, `resnet_small` for
    images and `text_transformer` for texts."""

    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of that architecture, e.g. `{width: 256, depth: 3}`; what isn't given keeps its default."""


@dataclass(frozen=True, kw_only=True)
class PretrainConfig:
    """Self-supervised pretraining: every train row takes part; labels have no part in what is learned."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    method: str
    """Name from `assay list pretraining`, e.g. `scarf` for tables, `simclr` for images, `mlm` for texts."""

    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of that method, e.g. `{temperature: 0.5}`."""

    augment: ContrastiveViewConfig = field(default_factory=ContrastiveViewConfig)
    """Images: how far a view may be from its image, e.g. `{flip: horizontal, saturation: 0.4}`, where the
    method looks at views."""

    epochs: int = 10
    """Passes over the train rows."""

    batch_size: int = 256
    """Rows a step, over all workers together."""

    optimizer: str = "adamw"
    """Name from `assay list optimizers`."""

    optimizer_options: Mapping[str, Any] = field(default_factory=dict)
    """Options of that optimizer, e.g. `{momentum: 0.95, nesterov: false}` of `sgd`."""

    learning_rate: float = 1e-3
    """Peak learning rate of the schedule."""

    weight_decay: float = 1e-4
    """Decoupled weight decay; biases, norms and embeddings of one dimension are spared."""

    schedule: str = "one_cycle"
    """Name from `assay list schedules`."""

    schedule_options: Mapping[str, Any] = field(default_factory=dict)
    """Options of that schedule, e.g. `{warmup: 0.1}`."""

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
class LoraConfig:
    """Low-rank changes beside frozen linear layers, for `train.mode: lora` (Hu et al. 2022)."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    rank: int = 8
    """Rank of a change: what it can say, and what it costs."""

    alpha: float = 16.0
    """Its scale is `alpha / rank`."""

    def __post_init__(self) -> None:
        _require(
            "train.lora",
            rank=(self.rank, self.rank >= 1, "1 or more"),
            alpha=(self.alpha, 0 < self.alpha < float("inf"), "above 0"),
        )


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Supervised training, from scratch or from pretrained weights."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    mode: Literal["scratch", "linear_probe", "finetune", "gradual", "lora"] = "finetune"
    """What becomes of pretrained weights: `finetune` moves them all; `linear_probe` freezes the network and
    trains its head; `gradual` frees one layer more an epoch, from the head down; `lora` learns low-rank
    changes beside frozen linear layers; `scratch` drops them and keeps the preprocessing, to compare with."""

    lora: LoraConfig = field(default_factory=LoraConfig)
    """Size of the changes in mode `lora`."""

    layer_decay: float = 1.0
    """Factor on the learning rate a layer, from the head down; 1 moves all alike."""

    epochs: int = 20
    """Passes over the labelled train rows, at most."""

    batch_size: int = 256
    """Rows a step, over all workers together."""

    optimizer: str = "adamw"
    """Name from `assay list optimizers`."""

    optimizer_options: Mapping[str, Any] = field(default_factory=dict)
    """Options of that optimizer, e.g. `{momentum: 0.95, nesterov: false}` of `sgd`."""

    learning_rate: float = 1e-3
    """Peak learning rate of the schedule."""

    weight_decay: float = 1e-2
    """Decoupled weight decay; biases, norms and embeddings of one dimension are spared."""

    schedule: str = "one_cycle"
    """Name from `assay list schedules`."""

    schedule_options: Mapping[str, Any] = field(default_factory=dict)
    """Options of that schedule, e.g. `{warmup: 0.1}`."""

    clip: float | None = 1.0
    """Largest norm of the whole gradient; null leaves it alone."""

    accumulate: int = 1
    """Parts in which a batch goes through the network: less memory, the same step."""

    ema: float | None = None
    """Decay of an average of the weights over steps, e.g. 0.999, that is judged and kept in their place."""

    patience: int | None = 5
    """Epochs without a better validation loss before stopping; null runs all."""

    keep: Literal["best", "last"] = "best"
    """Whose weights are kept: of the epoch with the lowest validation loss, or of the last one. With
    `privacy`, `last` and no `patience` leave the choice to no row."""

    label_smoothing: float = 0.0
    """Share of the probability that is spread evenly over the classes (Szegedy et al. 2016)."""

    augment: bool | ViewConfig = True
    """Images: small shifts, turns and changes of scale and contrast on every batch, or those that are named,
    e.g. `{flip: horizontal, crop: 0.6}`. With true, nothing for tables, and where the head alone is trained:
    each row is then encoded once."""

    token_dropout: float = 0.0
    """Texts: chance of each token to become [UNK] in a batch (Bowman et al. 2016); 0 leaves all of them."""

    mixup: float = 0.0
    """Images: α of mixup, which averages two images and their labels (Zhang et al. 2018); 0 leaves it out."""

    cutmix: float = 0.0
    """Images: α of CutMix, which puts a box of one image into another (Yun et al. 2019); 0 leaves it out."""

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
            layer_decay=(self.layer_decay, 0 < self.layer_decay <= 1, "above 0, at most 1"),
            accumulate=(self.accumulate, self.accumulate >= 1, "1 or more"),
            ema=(self.ema, self.ema is None or 0 < self.ema < 1, "between 0 and 1, or null"),
            token_dropout=(self.token_dropout, 0 <= self.token_dropout < 1, "0 or more, below 1"),
            mixup=(self.mixup, 0 <= self.mixup < float("inf"), "0 or more"),
            cutmix=(self.cutmix, 0 <= self.cutmix < float("inf"), "0 or more"),
            label_smoothing=(self.label_smoothing, 0 <= self.label_smoothing < 1, "0 or more, below 1"),
            label_fraction=(self.label_fraction, 0 < self.label_fraction <= 1, "above 0, at most 1"),
            labels_per_class=(
                self.labels_per_class,
                self.labels_per_class is None or self.labels_per_class >= 1,
                "1 or more, or null",
            ),
            workers=(self.workers, self.workers == "auto" or self.workers >= 1, "auto, or 1 or more"),
        )


#: Modes that move only part of a network: the rest has to have learned something.
_PARTIAL = {
    "linear_probe": "only its head is trained",
    "gradual": "its lower layers wait for epochs",
    "lora": "its own weights stay as they are",
}


def refuse_missing_weights(mode: str, *, pretrained: bool) -> None:
    """Refuse a mode of training that moves a part of a network, where nothing was pretrained.

    Raises:
        CombinationError: it is such a mode.
    """
    if mode in _PARTIAL and not pretrained:
        raise CombinationError(
            f"train.mode {mode} needs pretrained weights",
            got="no pretrain section",
            expected=f"a network that has learned something: {_PARTIAL[mode]}",
            mend="add a pretrain section, or set train.mode to finetune",
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
