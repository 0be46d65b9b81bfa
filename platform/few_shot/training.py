"""The stage `train` of few-shot learning: episodes of the train classes through the one training loop."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ...models.few_shot import FEW_SHOT, build_few_shot
from ...models.network import Network
from ..augmentation.config import refuse_unfit_views
from ..augmentation.views import view_of
from ..data.dataset import Dataset
from ..data.preprocess import Preprocessor
from ..data.schema import Schema
from ..exceptions import CombinationError
from ..predictor.artifact import FEW_SHOT_FILE, POSTPROCESS, save_network, write_json
from ..training.assembly import fit_as_configured
from ..training.config import ModelConfig, TrainConfig
from ..training.devices import choose_device
from ..training.engines.in_process import InProcess
from ..training.fit import Outcome
from ..training.networks import build_network, refusals, resolve_model
from ..training.preparation import uncalibrated
from ..training.progress import Progress
from ..training.rows import Rows
from ..training.seeding import derive, reproducible
from ..training.tables import labelled
from .config import FewShotConfig, Shape, training_settings
from .drawing import EpisodeSampler, rows_of_classes
from .objective import Episodic

__all__ = ["train_few_shot"]


def train_few_shot(
    *,
    dataset: Path,
    model: ModelConfig,
    config: TrainConfig,
    few_shot: FewShotConfig,
    out: Path,
    scratch: Path,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> dict[str, Any]:
    """Train a network by episodes of the train classes; episodes of validation classes tell the best epoch.

    Writes the model artifact, `few_shot.json` with method, options and shape of the judging episodes, and
    `history.json`. The network has an output a way, which prototypical networks never ask.

    Args:
        dataset: folder of a dataset artifact whose classes don't cross splits.
        model: the network.
        config: the section `train` of the spec.
        few_shot: the section `few_shot`.
        out: folder to fill.
        scratch: folder for checkpoints, which outlives the process.
        progress: told at most five times a second.

    Returns:
        Engine, epochs and the like, for the manifest.

    Raises:
        SpecError: a name or a value that can't be used.
        DataError: too few classes, or too few rows in them.
        CombinationError: batch normalization with MAML.
    """
    data, device = Dataset.open(dataset), choose_device(config.device)
    model = resolve_model(model, data.schema.modality)
    refuse_unfit_views("train", config.augment, data.schema.image, f"{data.schema.modality} data")
    tables = {split: data.table(split) for split in ("train", "validation")}
    with reproducible(derive(config.seed, "train"), strict=device.type == "cpu"):
        known = Preprocessor.fit(tables["train"], data.schema)
        asked = dataclasses.replace(known, schema=episode_schema(data.schema, few_shot.way))
        network = build_network(model, asked, config.seed).to(device)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a third faster on a CPU
        rows = {split: labelled(known, table, device) for split, table in tables.items()}
        outcome, details = _fitted(
            network, rows, config, few_shot, model=model, scratch=scratch, progress=progress
        )
    save_network(out, network, name=str(model.architecture), options=model.options, preprocessor=asked)
    write_json(out / POSTPROCESS, uncalibrated(asked).to_json())
    write_json(out / FEW_SHOT_FILE, _described(few_shot))
    write_json(out / "history.json", outcome.history)
    return {**details, "method": few_shot.method, "preprocessing": "train rows"}


def episode_schema(schema: Schema, way: int) -> Schema:
    """The same columns; what is told apart are the places of an episode, whatever classes stand there."""
    classes = tuple(f"class {place}" for place in range(1, way + 1))
    return dataclasses.replace(schema, task="multiclass", classes=classes, positive=None)


def _fitted(
    network: Network, rows: dict[str, Rows], config: TrainConfig, few_shot: FewShotConfig, **arguments: Any
) -> tuple[Outcome, dict[str, Any]]:
    """Run the loop over episodes."""
    with refusals("few_shot.options"):
        learner = build_few_shot(few_shot.method, network, **few_shot.options)
    _refuse_batch_norm(few_shot.method, network)
    objective = Episodic(learner, few_shot, augment=view_of(config.augment))
    return fit_as_configured(
        objective, rows["train"], rows["validation"],
        stage="train", config=config, engine=InProcess(),
        sampler=_sampler(rows, "train", few_shot.trained, few_shot.train_episodes, config.seed),
        judged=_sampler(rows, "validation", few_shot.judged, few_shot.validation_episodes, config.seed),
        setting=training_settings(few_shot),
        **arguments,
    )  # fmt: skip


def _sampler(rows: dict[str, Rows], split: str, shape: Shape, episodes: int, seed: int) -> EpisodeSampler:
    target = rows[split].target
    assert target is not None, "episodes are drawn by class"
    classes = rows_of_classes(target, shape, split)
    return EpisodeSampler(classes, shape, episodes=episodes, seed=seed, purpose=split)


def _refuse_batch_norm(method: str, network: nn.Module) -> None:
    """MAML's steps would normalize a query by the others of its batch, and mix up running statistics.

    Raises:
        CombinationError: the network normalizes over batches.
    """
    if method == "maml" and any(
        isinstance(part, nn.modules.batchnorm._BatchNorm) for part in network.modules()
    ):
        raise CombinationError(
            "maml can't train a network that normalizes over batches",
            got="batch normalization",
            expected="a network in which no query depends on the others",
            mend="model: {norm: group}, where the architecture has it (conv4, resnet18, vgg11)",
        )


def _described(few_shot: FewShotConfig) -> dict[str, Any]:
    """What `few_shot.json` holds: what is needed to ask the model."""
    options = {**FEW_SHOT[few_shot.method].options, **few_shot.options}
    return {"method": few_shot.method, "options": options, "way": few_shot.way, "shot": few_shot.shot}
