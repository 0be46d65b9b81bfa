"""Shadow models of the audit stage: trained as the attacked model was, each on its half of the rows."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch

from ..audits.privacy.config import PrivacyAuditConfig
from ..audits.privacy.lira import ShadowConfidences
from ..audits.privacy.shadows import Recipe, shadow_confidences
from ..models.catalog import build
from ..models.inputs import inputs_from_dict
from ..models.network import Network
from ..models.schedules import build_schedule
from ..platform.exceptions import ModelError
from ..platform.predictor import Model
from ..platform.training.config import TrainConfig

__all__ = ["shadows_like"]

NOT_FROM_SCRATCH = "shadow models can only be like a model that one training from scratch made here"


def shadows_like(
    predictor: Model, model: Path, table: pa.Table, config: PrivacyAuditConfig, train: TrainConfig | None
) -> ShadowConfidences | str:
    """Train shadow models, and ask them about all rows.

    They learn from as many rows as half of the table holds, without noise, augmentation, weights of rows or
    an average of the network's weights: where the attacked model had more, or such means, they know less of
    it.

    Args:
        predictor: the attacked model, a classifier.
        model: folder of its artifact.
        table: members and others.
        config: how many shadow models.
        train: how the attacked model was trained; None where shadow models can't be trained alike.

    Returns:
        What they say, or why there are none.
    """
    if train is None or predictor.postprocess.mixture is not None:
        return NOT_FROM_SCRATCH
    architecture = json.loads((model / "architecture.json").read_bytes())
    target = torch.from_numpy(np.asarray(predictor.preprocessor.targets(table)))
    try:
        return shadow_confidences(
            _maker(predictor, architecture["name"], architecture["options"]),
            predictor.inputs(table),
            target,
            _recipe(train, _epochs(model, train), rows=len(target) // 2, seed=config.seed),
            models=config.shadows,
        )
    except (ModelError, RuntimeError) as error:  # torch says so of what it can't stack
        return f"{architecture['name']} networks can't be stacked: {str(error).splitlines()[0]}"


def _maker(predictor: Model, name: str, options: dict) -> Callable[[], Network]:
    """An untrained network of the attacked architecture, by the default generator."""
    inputs = inputs_from_dict(predictor.preprocessor.inputs())
    return lambda: build(name, inputs, len(predictor.classes), **options)


def _epochs(model: Path, train: TrainConfig) -> int:
    """Epochs after which the attacked model's weights were kept; all, where losses aren't published."""
    history = json.loads((model / "history.json").read_bytes())
    if train.keep == "last" or any("validation_loss" not in entry for entry in history):
        return len(history)
    return 1 + int(np.argmin([entry["validation_loss"] for entry in history]))


def _recipe(train: TrainConfig, epochs: int, *, rows: int, seed: int) -> Recipe:
    """The attacked model's training, on so many rows."""
    steps = train.epochs * -(-rows // train.batch_size)
    return Recipe(
        epochs=epochs,
        batch_size=train.batch_size,
        learning_rate=train.learning_rate,
        weight_decay=train.weight_decay,
        optimizer=train.optimizer,
        optimizer_options=train.optimizer_options,
        clip=train.clip,
        label_smoothing=train.label_smoothing,
        schedule=build_schedule(train.schedule, steps, **train.schedule_options),
        seed=seed,
    )
