"""What each stage's key in the store is made of: digests of files, keys of the spec, code and libraries.

Whatever could change what a stage makes is named here; nothing else is, so that nothing is made twice.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from ..platform.privacy.config import PrivacyConfig
from .adaptation import TARGET, adapted_by
from .backbone import model_section, pretrained_by
from .chain import Run
from .external import of_predictions
from .spec import Spec

#: What of a dataset artifact training may see.
SEEN_BY_TRAINING = ("train.parquet", "validation.parquet", "schema.json")

#: Keys of a training section that say when and where something is done, never what comes out.
_WITHOUT_EFFECT = frozenset({"checkpoint_seconds"})

#: Keys of the train section that say how many steps are made, and of how many rows.
_PLANNED = ("epochs", "batch_size", "label_fraction", "labels_per_class", "seed")

NETWORK_CODE = (
    "models",
    "platform.data",
    "platform.adaptation",
    "platform.training",
    "platform.augmentation",
    "platform.checkpoints",
    "platform.predictor",
    "platform.privacy",
)
AUDIT_CODE = (
    "models",
    "platform.data",
    "platform.predictor",
    "platform.baselines",
    "audits.bounds",
    "audits.clients",
    "audits.condensed",
    "audits.config",
    "audits.findings",
    "audits.intervals",
    "audits.predictions",
    "audits.performance",
    "audits.calibration",
    "audits.fairness",
    "audits.slices",
    "audits.data",
    "audits.multiplicity",
    "flows.row_audit",
    "audits.explanation",
    "audits.mitigation",
    "platform.mitigation",
    "audits.robustness",
    "audits.privacy",
    "platform.privacy.canaries",
    "flows.member_evidence",
    "flows.shadow_training",
    "flows.truth",
    "flows.client_rows",
    "platform.federated.dealing",
    "flows.few_shot_audit",
    "audits.episodes",
    "platform.few_shot",
    "flows.audit_stage",
    "flows.measure",
)
NETWORK_LIBRARIES = ("torch", "numpy", "pyarrow", "safetensors", "tokenizers")


def shadowed(spec: Spec) -> bool:
    """Whether shadow models are trained: as this one was, from scratch and on these rows alone."""
    before = pretrained_by(spec)
    otherwise = (spec.external, before, spec.federated, spec.adapt, spec.few_shot)
    elsewhere = any(part is not None for part in otherwise)
    return "lira" in spec.audit.privacy.attacks and not elsewhere


def audit_section(spec: Spec) -> Mapping[str, Any]:
    """All of it but the grid; shadow models are trained as the model was."""
    section = dataclasses.asdict(spec.audit) | {"carbon": None}
    if spec.few_shot is not None:
        section |= {"few_shot": dataclasses.asdict(spec.few_shot)}
    if spec.federated is not None and spec.federated.partition.column is not None:
        section |= {"clients": dataclasses.asdict(spec.federated.partition)}
    return section | ({"shadows": training_section(spec.train)} if shadowed(spec) else {})


def source_of(run: Run) -> Mapping[str, str]:
    from ..platform.data.sources import fingerprint

    return {"source": fingerprint(run.spec.data.source)}


def data_section(spec: Spec) -> Mapping[str, Any]:
    """The data section without the place where the file lies: its content is an input."""
    section = dataclasses.asdict(spec.data) | {"source": spec.data.source.partition(":")[0]}
    for later in ("codebook", "derived_from"):  # what training and the ledger make of the rows
        del section[later]
    section |= {"classes_apart": True} if spec.few_shot else {}
    if of_predictions(spec):
        return section | {"predictions": dataclasses.asdict(spec.external)}  # type: ignore[arg-type]
    return section


def training_section(config: Any) -> Mapping[str, Any]:
    return {key: value for key, value in dataclasses.asdict(config).items() if key not in _WITHOUT_EFFECT}


def train_inputs(run: Run) -> Mapping[str, str]:
    inputs = {"dataset": run.digest("ingest", *SEEN_BY_TRAINING)}
    if run.spec.adapt is not None:
        inputs["target"] = run.digest(TARGET)
    name = pretrained_by(run.spec)
    return inputs | ({"pretrained": run.digest(name)} if name else {})


def alone(spec: Spec) -> PrivacyConfig | None:
    """The section `privacy` of one model: other epsilons beside it are other models."""
    return spec.privacy and dataclasses.replace(spec.privacy, compare=())


def privacy_section(run: Run) -> Mapping[str, Any]:
    privacy = alone(run.spec)
    return {
        "privacy": None if privacy is None else dataclasses.asdict(privacy),
        "codebook": run.spec.to_dict()["data"]["codebook"],
    }


def pretrain_section(run: Run) -> Mapping[str, Any]:
    """Private pretraining leaves some of the budget to the training that follows, so it depends on that."""
    return {
        "model": dataclasses.asdict(run.spec.model),
        "pretrain": training_section(run.spec.pretrain),
        **privacy_section(run),
        "planned": run.spec.privacy and {key: getattr(run.spec.train, key) for key in _PLANNED},
    }


def train_section(run: Run) -> Mapping[str, Any]:
    return {
        "model": model_section(run.spec),
        "train": training_section(run.spec.train),
        **privacy_section(run),
        "cluster": run.ray_address is not None,
        "adapt": run.spec.adapt and adapted_by(run.spec.adapt),
    }
