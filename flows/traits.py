"""Traits that a spec or its data can have, by the names that the table of combinations gives them."""

from collections.abc import Callable, Mapping
from typing import Any

from ..models.catalog import ARCHITECTURES, PRETRAINING
from ..platform.checkpoints.reference import is_checkpoint, is_code
from ..platform.federated.config import PartitionConfig
from ..platform.federated.methods import STRATEGIES
from ..platform.mitigation.methods import METHODS
from ..platform.privacy.config import RECORD
from .client_units import deals_clients, hides_clients, hides_rows_of_clients
from .spec import Spec

__all__ = ["OF_A_SPEC", "OF_DATA"]

OF_A_SPEC: Mapping[str, Callable[[Spec], bool]] = {
    "mitigate": lambda spec: spec.mitigate is not None,
    **{
        f"mitigate.{name}": lambda spec, name=name: spec.mitigate is not None and spec.mitigate.method == name
        for name in METHODS
    },
    "adapt": lambda spec: spec.adapt is not None,
    "a model from elsewhere": lambda spec: spec.external is not None,
    "train.label_fraction": lambda spec: (
        spec.train.label_fraction < 1 or spec.train.labels_per_class is not None
    ),
    "pretraining": lambda spec: spec.pretrain is not None,
    **{
        f"pretraining by {name}": lambda spec, name=name: (
            spec.pretrain is not None and spec.pretrain.method == name
        )
        for name in PRETRAINING
    },
    "privacy": lambda spec: spec.privacy is not None and not hides_clients(spec),
    "clients as the unit": hides_clients,
    "dealt clients as the unit": deals_clients,
    "rows of clients as the unit": hides_rows_of_clients,
    "privacy.physical_batch": lambda spec: (
        spec.privacy is not None and spec.privacy.physical_batch is not None
    ),
    **{
        f"privacy.clipping: {name}": lambda spec, name=name: (
            spec.privacy is not None and spec.privacy.clipping == name
        )
        for name in ("per_layer", "adaptive")
    },
    **{
        f"federated.strategy: {name}": lambda spec, name=name: (
            spec.federated is not None and spec.federated.strategy == name
        )
        for name in STRATEGIES
    },
    "federated.partition.minimum": lambda spec: (
        spec.federated is not None and spec.federated.partition.minimum > 1
    ),
    "federated.partition": lambda spec: (
        spec.federated is not None and spec.federated.partition != PartitionConfig()
    ),
    "federated.grid: deployment": lambda spec: spec.federated is not None and spec.federated.deployed,
    "federated.secure": lambda spec: spec.federated is not None and spec.federated.secure is not None,
    "federated.contributions": lambda spec: (
        spec.federated is not None and spec.federated.contributions != "none"
    ),
    "federated.outliers": lambda spec: spec.federated is not None and spec.federated.outliers is not None,
    "federated.personalize": lambda spec: spec.federated is not None and spec.federated.personalize > 0,
    "privacy.canary_rows": lambda spec: spec.privacy is not None and spec.privacy.canary_rows > 0,
    "persons as the unit": lambda spec: (
        spec.privacy is not None and spec.privacy.unit != RECORD and not hides_clients(spec)
    ),
    "federated": lambda spec: spec.federated is not None,
    "federated pretraining": lambda spec: spec.federated is not None and spec.pretrain is not None,
    "few_shot": lambda spec: spec.few_shot is not None,
    "several seeds": lambda spec: spec.seeds > 1,
    "several workers": lambda spec: spec.train.workers not in ("auto", 1),
    "data.weight": lambda spec: spec.data.weight is not None,
    "train.precision: bf16": lambda spec: spec.train.precision == "bf16",
    "a linear probe": lambda spec: spec.train.mode == "linear_probe",
    "train.mode: gradual": lambda spec: spec.train.mode == "gradual",
    "train.mode: lora": lambda spec: spec.train.mode == "lora",
    "train.ema": lambda spec: spec.train.ema is not None,
    "train.accumulate": lambda spec: spec.train.accumulate > 1,
    "train.label_smoothing": lambda spec: spec.train.label_smoothing > 0,
    "train.layer_decay": lambda spec: spec.train.layer_decay < 1,
    "train.schedule: plateau": lambda spec: spec.train.schedule == "plateau",
    "train.token_dropout": lambda spec: spec.train.token_dropout > 0,
    "mixed images": lambda spec: spec.train.mixup > 0 or spec.train.cutmix > 0,
    "views by name": lambda spec: not isinstance(spec.train.augment, bool),
    "a network fixed but for its head": lambda spec: (
        spec.model.architecture in {name for name, part in ARCHITECTURES.items() if part.fixed}
    ),
    "a checkpoint": lambda spec: is_checkpoint(spec.model.architecture),
    "a module of one's own": lambda spec: is_code(spec.model.architecture),
    "train.mode: scratch": lambda spec: spec.train.mode == "scratch",
}
"""Traits that are known before the data are read."""

OF_DATA: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "a binary task": lambda schema: schema["task"] == "binary",
    "a multiclass task": lambda schema: schema["task"] == "multiclass",
    "regression": lambda schema: schema["task"] == "regression",
    "images": lambda schema: schema["modality"] == "image",
    "tables": lambda schema: schema["modality"] == "tabular",
    "texts": lambda schema: schema["modality"] == "text",
}
"""Traits that only the data can show."""
