"""Settings of the section `train` that contradict each other, or the data: refused before any training."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...models.architectures import ARCHITECTURES
from ..data.schema import Schema
from ..exceptions import CombinationError
from ..predictor.artifact import ARCHITECTURE
from ..predictor.untrusted import read_json
from .config import TrainConfig, refuse_missing_weights

if TYPE_CHECKING:
    from .supervised import Job

__all__ = ["refuse_contradictions"]


def refuse_contradictions(job: "Job", schema: Schema, *, cluster: bool = False) -> None:
    """Refuse a job that can't be done as it is said.

    Args:
        job: what is to be trained.
        schema: of the data.
        cluster: whether it is to be trained by a cluster's workers.

    Raises:
        CombinationError: two of its settings contradict each other, or one the data.
    """
    _refuse_preprocessor(job, schema)
    refuse_missing_weights(job.config.mode, pretrained=job.pretrained is not None)
    _refuse_canary_rows(job, schema)
    _refuse_domain(job, cluster=cluster)
    for key, other, why in _pairs(job, schema):
        raise CombinationError(
            f"train.{key} can't be had with {other}",
            got=f"{key} {getattr(job.config, key)} and {other}",
            expected=why,
            mend=f"leave train.{key} out",
        )
    if job.pretrained is not None:
        learned = read_json(job.pretrained / ARCHITECTURE)
        if (learned["name"], learned["options"]) != (job.model.architecture, dict(job.model.options)):
            raise CombinationError(
                "the pretrained network is another one",
                got=f"{learned['name']} {learned['options']}",
                expected=f"{job.model.architecture} {dict(job.model.options)}",
                mend="pretrain again with this model section",
            )


def _pairs(job: "Job", schema: Schema) -> Iterator[tuple[str, str, str]]:
    """Keys that were given, what they can't be had with, and what is expected instead."""
    config = job.config
    mixed = [key for key in ("mixup", "cutmix") if getattr(config, key) > 0]
    for key in ("labels_per_class", "label_smoothing", "mixup", "cutmix"):
        if schema.task == "regression" and getattr(config, key):
            yield key, "regression", "a target with classes"
    for key in mixed:
        if schema.modality != "image":
            yield key, f"{schema.modality} data", "images"
        if config.mode == "linear_probe":
            yield key, "mode linear_probe", "images: there the head sees each row's representation alone"
    if config.layer_decay < 1 and config.mode == "linear_probe":
        yield "layer_decay", "mode linear_probe", "several layers that learn"
    if job.privacy is not None:
        for key in mixed:
            yield key, "privacy", "rows that don't meet: each has its own gradient"
        if config.accumulate > 1:
            yield "accumulate", "privacy", "privacy.physical_batch, which does the same"
        if config.schedule == "plateau":
            yield "schedule", "privacy", "a rate that follows from no row, of validation neither"
    if config.mode == "gradual" and (job.privacy is not None or _several(config)):
        other = "privacy" if job.privacy is not None else f"{config.workers} workers"
        yield "mode", other, "the same weights in every step"


def _refuse_domain(job: "Job", *, cluster: bool) -> None:
    """Features of whole batches are compared: that takes whole batches, and features that learn."""
    config, whole = job.config, "whole batches, whose features are compared"
    row = ARCHITECTURES.get(str(job.model.architecture))
    refused = {
        "privacy": (job.privacy is not None, "rows whose part in a loss can be bounded"),
        "mixed images": (config.mixup > 0 or config.cutmix > 0, "rows with labels of their own"),
        "train.accumulate": (config.accumulate > 1, whole),
        "several workers": (cluster or _several(config), whole),
        "mode linear_probe": (config.mode == "linear_probe", "features that learn to be alike"),
        "a network fixed but for its head": (row is not None and row.fixed, "features that learn"),
    }
    for other, (holds, why) in refused.items():
        if job.domain is not None and holds:
            raise CombinationError(
                f"adaptation to another domain can't be had with {other}",
                got=other,
                expected=why,
                mend="leave one of them out",
            )


def _refuse_canary_rows(job: "Job", schema: Schema) -> None:
    if job.privacy is None or job.privacy.canary_rows == 0:
        return
    refused = {
        "regression": (schema.task == "regression", "a target with classes, of which one is wrong"),
        "persons as the unit": (job.persons is not None, "privacy.unit record: a canary is one row"),
        "pretraining": (
            job.pretrained is not None,
            "no earlier training, which saw the rows that are left out",
        ),
        "few labels": (
            job.config.label_fraction < 1 or job.config.labels_per_class is not None,
            "all labels: a canary whose label isn't looked at isn't trained on",
        ),
    }
    for other, (holds, why) in refused.items():
        if holds:
            raise CombinationError(
                f"privacy.canary_rows can't be had with {other}",
                got=f"canary_rows {job.privacy.canary_rows} and {other}",
                expected=why,
                mend="leave privacy.canary_rows out",
            )


def _several(config: TrainConfig) -> bool:
    return config.workers not in ("auto", 1)


def _refuse_preprocessor(job: "Job", schema: Schema) -> None:
    if job.preprocessor is None or (job.pretrained is None and job.preprocessor.schema == schema):
        return
    raise CombinationError(
        "this preprocessor can't be had here",
        got="pretrained weights" if job.pretrained is not None else "a preprocessor of another schema",
        expected="a preprocessor made for this dataset's schema, and no other stage's",
        mend="make it with the dataset's schema, and leave pretraining out",
    )
