"""What `few_labels.py` compares: every self-supervised method on three data sets, and each side's settings.

Settings were narrowed on draws of labels that the benchmark doesn't use, scored on validation rows. Scratch
and pretrained have equally many each.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from assay.platform.data.config import DataConfig
from assay.platform.training.config import ModelConfig
from sklearn.metrics import accuracy_score, roc_auc_score

__all__ = ["STUDIES", "Contender", "Method", "Settings", "Study"]

Settings = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A network, and the settings of training that it chooses among with and without pretraining."""

    model: ModelConfig
    scratch: Settings
    pretrained: Settings


@dataclass(frozen=True, kw_only=True)
class Method:
    """A way to pretrain a network, without the number of epochs: the CPU seconds say how many there are."""

    network: str
    pretraining: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Study:
    """A data set with few labels.

    Attributes:
        data: where the rows come from.
        labels: how few of them are looked at, and what all trainings share.
        seconds: CPU seconds of pretraining, for every method.
        bodies: networks that each method pretrains, from other seeds; draws of labels take them in turn.
        metric: name of the score.
        score: of targets `(rows,)` and class scores `(rows, classes)`.
        networks: by name.
        methods: by name.
    """

    data: DataConfig
    labels: Mapping[str, Any]
    seconds: float
    bodies: int
    metric: str
    score: Callable[[np.ndarray, np.ndarray], float]
    networks: Mapping[str, Contender]
    methods: Mapping[str, Method]


def _accuracy(target: np.ndarray, scores: np.ndarray) -> float:
    return float(accuracy_score(target, scores.argmax(axis=1)))


def _auroc(target: np.ndarray, scores: np.ndarray) -> float:
    return float(roc_auc_score(target, scores[:, 1]))


_PROBES: Settings = (
    {"epochs": 100, "learning_rate": 2e-2, "mode": "linear_probe"},
    {"epochs": 300, "learning_rate": 2e-2, "mode": "linear_probe"},
)
_DIGITS = Study(
    data=DataConfig(source="builtin:digits"),
    labels={"labels_per_class": 5, "batch_size": 16, "patience": None},
    seconds=40,
    bodies=2,
    metric="accuracy",
    score=_accuracy,
    networks={
        "resnet_small": Contender(
            model=ModelConfig(architecture="resnet_small"),
            scratch=(
                {"epochs": 200, "learning_rate": 1e-3},
                {"epochs": 200, "learning_rate": 2e-3},
                {"epochs": 200, "learning_rate": 4e-3},
                {"epochs": 100, "learning_rate": 2e-3},
                {"epochs": 400, "learning_rate": 2e-3},
            ),
            pretrained=(
                {"epochs": 60, "learning_rate": 2e-3},
                {"epochs": 100, "learning_rate": 1e-3},
                *_PROBES,
            ),
        ),
        "vit_small": Contender(
            model=ModelConfig(architecture="vit_small"),
            scratch=(
                {"epochs": 100, "learning_rate": 5e-4},
                {"epochs": 100, "learning_rate": 1e-3},
                {"epochs": 100, "learning_rate": 2e-3},
                {"epochs": 100, "learning_rate": 4e-3},
                {"epochs": 200, "learning_rate": 2e-3},
            ),
            pretrained=(
                {"epochs": 100, "learning_rate": 5e-4},
                {"epochs": 100, "learning_rate": 1e-3},
                {"epochs": 100, "learning_rate": 2e-3},
                _PROBES[1],
            ),
        ),
    },
    methods={
        name: Method(
            network="vit_small" if name == "mae" else "resnet_small",
            pretraining={"method": name, "learning_rate": 2e-3, "batch_size": 256, **more},
        )
        for name, more in {
            "simclr": {"batch_size": 128},
            "moco": {"batch_size": 128},
            # It has no other rows to push away, so that small batches cost it nothing but time.
            "byol": {"batch_size": 64, "options": {"momentum": 0.97}},
            "barlow_twins": {},
            "vicreg": {},
            "mae": {},
        }.items()
    },
)
_ADULT = Study(
    data=DataConfig(source="builtin:adult", sensitive=("sex", "race")),
    labels={"label_fraction": 0.01, "batch_size": 32, "patience": None},
    seconds=25,
    bodies=2,
    metric="AUROC",
    score=_auroc,
    networks={
        "mlp": Contender(
            # Half of the units dropped is what both sides do best with at 293 labels.
            model=ModelConfig(architecture="mlp", options={"dropout": 0.5}),
            scratch=(
                {"epochs": 20, "learning_rate": 1e-3},
                {"epochs": 20, "learning_rate": 5e-4},
                {"epochs": 40, "learning_rate": 5e-4},
                {"epochs": 20, "learning_rate": 2e-3},
            ),
            pretrained=(
                {"epochs": 20, "learning_rate": 1e-3},
                {"epochs": 20, "learning_rate": 3e-4},
                {"epochs": 40, "learning_rate": 3e-4},
                {"epochs": 30, "learning_rate": 1e-2, "mode": "linear_probe"},
            ),
        )
    },
    methods={
        name: Method(network="mlp", pretraining={"method": name, "batch_size": 512})
        for name in ("scarf", "masked_features")
    },
)
_TEXT_SCRATCH: Settings = (
    {"epochs": 10, "learning_rate": 3e-4},
    {"epochs": 10, "learning_rate": 1e-3},
    {"epochs": 10, "learning_rate": 3e-3},
)
_TEXT_PRETRAINED: Settings = (
    {"epochs": 10, "learning_rate": 3e-4},
    {"epochs": 10, "learning_rate": 1e-3},
    {"epochs": 30, "learning_rate": 1e-2, "mode": "linear_probe"},
)
_REVIEWS = Study(
    data=DataConfig(source="builtin:reviews"),
    labels={"label_fraction": 0.01, "batch_size": 16, "patience": None},
    seconds=120,
    bodies=1,
    metric="AUROC",
    score=_auroc,
    networks={
        "text_transformer": Contender(
            model=ModelConfig(architecture="text_transformer", options={"width": 64, "depth": 1}),
            scratch=_TEXT_SCRATCH,
            pretrained=_TEXT_PRETRAINED,
        ),
        "gpt": Contender(
            model=ModelConfig(architecture="gpt", options={"width": 64, "depth": 2, "heads": 4}),
            scratch=_TEXT_SCRATCH,
            pretrained=_TEXT_PRETRAINED,
        ),
    },
    methods={
        name: Method(network=network, pretraining={"method": name, "learning_rate": 3e-3, "batch_size": 64})
        for name, network in (("mlm", "text_transformer"), ("clm", "gpt"))
    },
)

STUDIES: Mapping[str, Study] = {"digits": _DIGITS, "adult": _ADULT, "reviews": _REVIEWS}
