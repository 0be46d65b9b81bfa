"""The training loop as the methods see it: other labels, weights, features or objectives, the same settings.

Every fit has a name and a folder of its own below the scratch folder. One that a killed run had finished, or
half finished, is gone on from; the others start anew. The same settings give the same networks.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import nn

from ...models.network import Network
from ..data.dataset import Dataset
from ..data.preprocess import Preprocessor
from ..predictor.artifact import POSTPROCESS, save_network, write_json
from ..predictor.postprocess import Mixing
from ..training.assembly import fit_as_configured
from ..training.config import ModelConfig, TrainConfig
from ..training.devices import choose_device
from ..training.engines.in_process import InProcess
from ..training.networks import resolve_model
from ..training.preparation import (
    head_alone,
    labels_seen,
    start_network,
    training_objective,
    uncalibrated,
    with_labels,
)
from ..training.progress import Progress
from ..training.rows import Rows
from ..training.seeding import derive, reproducible
from ..training.tables import encoded, labelled
from .took import Took

Wrap = Callable[[nn.Module, Rows], tuple[nn.Module, Rows]]
"""Puts something around objective and train rows; what it returns is trained, without looking at validation
rows, because their loss isn't what is sought any more."""


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """One network and its losses."""

    network: Network
    history: list[dict[str, float]]


@dataclass(frozen=True, kw_only=True)
class Trainer:
    """Everything that fits of one run share.

    Attributes:
        model: the network, resolved.
        config: the section `train` of the spec.
        preprocessor: of the network's inputs.
        tables: `train` and `validation`, the rows whose labels may be looked at.
        pretrained: folder of a pretrained artifact, or None.
        scratch: folder for checkpoints, which outlives the process.
        progress: told at most five times a second.
        took: how long each fit of this process took, by name; filled as it goes.
    """

    model: ModelConfig
    config: TrainConfig
    preprocessor: Preprocessor
    tables: Mapping[str, pa.Table]
    pretrained: Path | None
    scratch: Path
    progress: Callable[[Progress], None]
    took: dict[str, Took] = field(default_factory=dict)
    _rows: dict[str, Rows] = field(default_factory=dict)

    @classmethod
    def open(
        cls,
        dataset: Path,
        preprocessor: Preprocessor,
        *,
        model: ModelConfig,
        config: TrainConfig,
        pretrained: Path | None,
        scratch: Path,
        progress: Callable[[Progress], None],
    ) -> "Trainer":
        """A trainer for the rows of a dataset artifact."""
        data = Dataset.open(dataset)
        return cls(
            model=resolve_model(model, data.schema.modality),
            config=config,
            preprocessor=preprocessor,
            tables={
                split: with_labels(data.table(split), preprocessor, config, split)
                for split in ("train", "validation")
            },
            pretrained=pretrained,
            scratch=scratch,
            progress=progress,
        )

    def with_preprocessor(self, preprocessor: Preprocessor) -> "Trainer":
        """The same, with other features."""
        return dataclasses.replace(self, preprocessor=preprocessor, _rows={})

    @property
    def y_true(self) -> np.ndarray:
        """`(rows,)` codes of the train rows."""
        return self.preprocessor.targets(self.tables["train"])

    def rows(self, split: str) -> Rows:
        """A split's features, labels and weights, on the device that trains."""
        if split not in self._rows:
            device = choose_device(self.config.device)
            self._rows[split] = labelled(self.preprocessor, self.tables[split], device)
        return self._rows[split]

    def fit(
        self,
        name: str,
        *,
        target: np.ndarray | None = None,
        weight: np.ndarray | None = None,
        wrap: Wrap | None = None,
    ) -> Fitted:
        """Train one network from its start.

        Args:
            name: of the fit, unlike any other's.
            target: `(rows,)` codes in the place of the train labels.
            weight: `(rows,)` in the place of the train rows' weights.
            wrap: see `Wrap`. Other targets, too, are trained without looking at the validation rows' own.

        Returns:
            The network on the CPU, in evaluation mode.
        """
        started, config = Took.now(), self.config
        device = choose_device(config.device)
        with reproducible(derive(config.seed, "mitigate"), strict=device.type == "cpu"):
            network = start_network(self.model, self.preprocessor, self.pretrained, config).to(device)
            train, validation = (self._learned_from(network, split) for split in ("train", "validation"))
            train = dataclasses.replace(
                train,
                target=train.target if target is None else torch.tensor(target, device=device),
                weight=train.weight if weight is None else torch.tensor(weight, device=device).float(),
            )
            objective = training_objective(config, network, self.preprocessor.schema)
            if wrap is not None:
                objective, train = wrap(objective, train)
                objective.to(device)
            judged = len(validation) > 0 and wrap is None and target is None
            outcome, _ = fit_as_configured(
                objective,
                train,
                validation if judged else None,
                stage="mitigate",
                model=self.model,
                network=network,
                config=config,
                scratch=self.scratch / "fits" / name,
                progress=self.progress,
                engine=InProcess(),
            )
        self.took[name] = Took.since(started)
        return Fitted(network=network.cpu().eval(), history=outcome.history)

    def save(self, folder: Path, *fitted: Fitted, mixing: Mixing | None = None) -> None:
        """Write the artifact of a network, or of a mixture, as the stage `train` writes one."""
        networks = [one.network for one in fitted]
        folder.mkdir(parents=True)
        save_network(
            folder,
            *networks,
            name=str(self.model.architecture),
            options=self.model.options,
            preprocessor=self.preprocessor,
        )
        postprocess = dataclasses.replace(uncalibrated(self.preprocessor), mixture=mixing)
        write_json(folder / POSTPROCESS, postprocess.to_json())
        write_json(folder / "history.json", [one.history for one in fitted] if mixing else fitted[0].history)
        write_json(folder / "labels.json", self._labels())

    def _labels(self) -> dict[str, Any]:
        return labels_seen(self.tables, self.config)

    def _learned_from(self, network: Network, split: str) -> Rows:
        rows = self.rows(split)
        return encoded(network, rows) if head_alone(self.config, network) else rows
