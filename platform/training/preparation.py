"""What training starts from: the labels that it may see, a network before its first step, its objective."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
from torch import nn

from ...models.mixing import Mixed
from ...models.network import Network, TextNetwork
from ...models.supervised import Classification, Regression
from ..augmentation.config import refuse_unfit_views
from ..augmentation.tokens import drop_tokens
from ..augmentation.views import View, view_of
from ..data.preprocess import Preprocessor
from ..data.schema import ROW, Schema
from ..exceptions import CombinationError
from ..predictor.artifact import load_network
from ..predictor.postprocess import Postprocess
from .augmented import Augmented
from .config import ModelConfig, TrainConfig
from .labels import labelled_rows
from .networks import build_network


def start_network(
    model: ModelConfig, preprocessor: Preprocessor, pretrained: Path | None, config: TrainConfig
) -> Network:
    """The network before its first step: fresh, or fresh but for what pretraining has learned.

    Args:
        model: resolved.
        preprocessor: what makes its inputs; pretraining's own where there was pretraining.
        pretrained: folder of a pretrained artifact, or None.
        config: with the seed of the fresh weights, and the mode, which may leave the learned ones.
    """
    network = build_network(model, preprocessor, config.seed)
    if pretrained is None or config.mode == "scratch":
        return network
    learned, _ = load_network(pretrained)
    # Pretraining never touched the head: a fresh one follows this stage's own seed.
    trunk = {key: tensor for key, tensor in learned.state_dict().items() if not key.startswith("head.")}
    network.load_state_dict({**network.state_dict(), **trunk})
    return network


def with_labels(table: pa.Table, preprocessor: Preprocessor, config: TrainConfig, split: str) -> pa.Table:
    """The rows of a split whose labels may be looked at."""
    kept = labelled_positions(table, preprocessor, config, split)
    return table if len(kept) == table.num_rows else table.take(pa.array(kept))


def labelled_positions(
    table: pa.Table, preprocessor: Preprocessor, config: TrainConfig, split: str
) -> np.ndarray:
    """`(kept,)` positions of those rows, ascending."""
    return labelled_rows(
        preprocessor.targets(table),
        classes=len(preprocessor.schema.classes),
        fraction=config.label_fraction,
        per_class=config.labels_per_class,
        seed=config.seed,
        split=split,
    )


def labels_seen(
    tables: Mapping[str, pa.Table], config: TrainConfig, members: pa.Table | None = None
) -> dict[str, Any]:
    """What `labels.json` holds: calibration looks at these validation labels, attacks at these train rows.

    Args:
        tables: of each split the rows that training sees.
        config: which labels may be looked at.
        members: rows that are learned as they are, where some are not; None is all that training sees.
    """
    limited = config.label_fraction < 1.0 or config.labels_per_class is not None
    return {
        "train": tables["train"].num_rows,
        "validation": tables["validation"].num_rows,
        "train_rows": members[ROW].to_pylist() if members is not None else _rows(tables, "train", limited),
        "validation_rows": _rows(tables, "validation", limited),
    }


def _rows(tables: Mapping[str, pa.Table], split: str, limited: bool) -> list[int] | None:
    """Their numbers; None where they are all that the split has."""
    return tables[split][ROW].to_pylist() if limited else None


def head_alone(config: TrainConfig, network: Network) -> bool:
    """Whether nothing but the head is trained: each row is then encoded once, before the first epoch."""
    return config.mode == "linear_probe" or network.fixed


def training_objective(config: TrainConfig, network: Network, schema: Schema) -> nn.Module:
    """`objective_of`, whose rows are changed and mixed while it learns, as the section says."""
    objective = objective_of(config, network, schema.task)
    view = training_view(config, network, schema)
    mixed = schema.modality == "image" and not head_alone(config, network)
    if mixed and (config.mixup or config.cutmix):
        objective = Mixed(objective, classes=len(schema.classes), mixup=config.mixup, cutmix=config.cutmix)
    return objective if view is None else Augmented(objective, view)


def training_view(config: TrainConfig, network: Network, schema: Schema) -> View | None:
    """What rows look like while a network learns: changed images, texts with gaps; None leaves them alone.

    Raises:
        CombinationError: views were asked for that these data or this network can't have.
    """
    encoded = head_alone(config, network)
    why = "training of a head alone" if encoded else f"{schema.modality} data"
    refuse_unfit_views("train", config.augment, None if encoded else schema.image, why)
    if config.token_dropout:
        if encoded or not isinstance(network, TextNetwork):
            raise CombinationError(
                "train.token_dropout can't be had here",
                got=why if encoded or schema.modality != "text" else "a vocabulary of the checkpoint's own",
                expected="texts in codes of a vocabulary that was learned here, and a network that learns",
                mend="leave train.token_dropout out",
            )
        return partial(drop_tokens, share=config.token_dropout)
    return view_of(config.augment) if schema.modality == "image" and not encoded else None


def objective_of(config: TrainConfig, network: Network, task: str) -> nn.Module:
    """Cross-entropy or squared error: of the whole network, or of its head on what the rest gives it."""
    return loss_of(config, network.head if head_alone(config, network) else network, task)


def loss_of(config: TrainConfig, learner: nn.Module, task: str) -> nn.Module:
    """The same of anything that maps inputs to logits."""
    # A head is no Network, but it maps inputs to logits, which is all that an objective asks for.
    learner = cast("Network", learner)
    if task == "regression":
        return Regression(learner)
    return Classification(learner, label_smoothing=config.label_smoothing)


def uncalibrated(preprocessor: Preprocessor) -> Postprocess:
    """Scores as the network gives them, before calibration."""
    schema, scale = preprocessor.schema, preprocessor.scale
    return Postprocess(
        task=schema.task,
        classes=schema.classes,
        positive=schema.positive,
        target_scale=None if scale is None else {"mean": scale.mean, "std": scale.std},
    )
