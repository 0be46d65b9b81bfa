"""What a spec names, checked before anything starts: a typing error costs a second, not a training run."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..audits.explanation.methods import METHODS
from ..models.catalog import ARCHITECTURES, PRETRAINING
from ..models.few_shot import FEW_SHOT
from ..models.optimizers import OPTIMIZERS
from ..models.schedules import SCHEDULES
from ..platform.checkpoints import reference
from ..platform.checkpoints.reference import is_checkpoint
from ..platform.exceptions import CombinationError, SpecError, nearest
from ..platform.federated import methods as federated
from ..platform.federated.superlink import check_superlink
from ..platform.few_shot.config import FewShotConfig, require_classes
from ..platform.few_shot.refused import METRICS as FEW_SHOT_METRICS
from ..platform.mitigation import methods
from ..platform.privacy import accountant
from ..platform.privacy.config import CLIENT, RECORD
from ..platform.privacy.parts import require_private
from ..platform.training.config import PretrainConfig, TrainConfig, refuse_missing_weights
from .backbone import pretrained_by
from .client_units import hides_clients
from .combinations import check_combinations
from .spec import Spec

#: A mistyped number of seeds should not train for a week.
_MOST_SEEDS = 100


def preflight(spec: Spec) -> None:
    """Check every name and option of a spec that can be checked without its data.

    Raises:
        SpecError: a name or an option that doesn't exist.
        CombinationError: two names that can't be had together.
    """
    from ..audits import robustness
    from ..audits.carbon import intensity
    from ..audits.policy import validate

    if spec.external is not None:
        raise SpecError(
            "`external` is for audits", got="external:", mend="assay audit --model PATH --spec SPEC"
        )
    model, pretrain = spec.model, spec.pretrain
    if is_checkpoint(model.architecture):
        reference.check(str(model.architecture))
    elif model.architecture is not None:
        _check("model.architecture", model.architecture, ARCHITECTURES, model.options, "model")
    elif model.options:
        raise SpecError(
            "model has options but no architecture",
            got=", ".join(model.options),
            expected="the architecture that they belong to",
            mend=f"model.architecture: {nearest('', ARCHITECTURES)}",
        )
    if pretrain is not None:
        _check("pretrain.method", pretrain.method, PRETRAINING, pretrain.options, "pretrain.options")
        if not is_checkpoint(model.architecture):
            _check_pair(model.architecture, pretrain.method)
        _check_steps("pretrain", pretrain)
    _check_steps("train", spec.train)
    refuse_missing_weights(spec.train.mode, pretrained=pretrained_by(spec) is not None)
    for method in spec.audit.explain.methods or ():
        if method not in METHODS:
            raise SpecError("unknown explanation", got=method, mend=nearest(method, METHODS))
    intensity(spec.audit.carbon)
    robustness.check(spec.audit.robustness)
    validate(spec.policy, sensitive=spec.data.sensitive)
    _check_seeds(spec)
    check_combinations(spec)
    if spec.mitigate is not None:
        methods.check_installed(spec.mitigate.method)
    if spec.privacy is not None:
        accountant.check_installed()
        _check_private(spec)
    if spec.federated is not None:
        federated.check_installed()
        if spec.federated.superlink is not None:
            check_superlink(spec.federated.superlink)
    if spec.few_shot is not None:
        _check_few_shot(spec, spec.few_shot)
    if spec.data.sensitive:
        _check_mitigated(spec, spec.data.sensitive)


def _check_few_shot(spec: Spec, few_shot: FewShotConfig) -> None:
    """The method and its options exist, and the policy asks what episodes can say."""
    _check("few_shot.method", few_shot.method, FEW_SHOT, few_shot.options, "few_shot.options")
    for check in spec.policy:
        special = check.over is not None or check.split != "test" or check.not_worse_than is not None
        if not check.requires and (special or check.metric not in FEW_SHOT_METRICS):
            raise SpecError(
                "the policy asks what episodes of new classes can't say",
                got=f"{check.metric} {check.over or check.not_worse_than or check.split}",
                expected=f"one of {', '.join(FEW_SHOT_METRICS)}, on test episodes",
                mend="leave that check out",
            )


def _check_private(spec: Spec) -> None:
    """What is named in the spec can be had with privacy, and whom the noise hides lies within one split.

    Where clients are hidden no gradient of a single row is taken, and any network without running statistics
    will do: training looks at it.
    """
    if hides_clients(spec):
        return
    if spec.model.architecture is not None:
        require_private("model.architecture", spec.model.architecture, ARCHITECTURES, spec.model.options)
    if spec.pretrain is not None:
        require_private("pretrain.method", spec.pretrain.method, PRETRAINING, spec.pretrain.options)
    unit = spec.privacy.unit if spec.privacy else RECORD
    if unit not in (RECORD, spec.data.split.by):
        raise CombinationError(
            "persons whose rows are in several splits can't be hidden",
            got=f"privacy.unit: {unit} and data.split.by: {spec.data.split.by}",
            expected="one column for both: whose train rows are hidden has no validation or test row",
            mend=f"set data.split.by to {unit}" + (", or add `federated`" if unit == CLIENT else ""),
        )


def _check_steps(section: str, config: PretrainConfig | TrainConfig) -> None:
    """Optimizer and schedule exist, and have the options that are named."""
    _check(
        f"{section}.optimizer", config.optimizer, OPTIMIZERS, config.optimizer_options,
        f"{section}.optimizer_options",
    )  # fmt: skip
    _check(
        f"{section}.schedule", config.schedule, SCHEDULES, config.schedule_options,
        f"{section}.schedule_options",
    )  # fmt: skip


def _check_seeds(spec: Spec) -> None:
    if not 1 <= spec.seeds <= _MOST_SEEDS:
        raise SpecError(
            "seeds is out of its range", got=spec.seeds, expected=f"a number from 1 to {_MOST_SEEDS}"
        )
    if spec.seeds > 1 and spec.external is not None:
        raise CombinationError(
            "a model that was not trained here has no other seeds",
            got=f"seeds: {spec.seeds}",
            mend="seeds: 1",
        )
    for confidence in spec.audit.confidences:
        if not 0.5 < confidence < 1:
            raise SpecError(
                "audit.confidences has a number out of its range",
                got=confidence,
                expected="between 0.5 and 1",
            )


def check_against_data(spec: Spec, dataset: Path) -> None:
    """Check what only the data can say: that each metric of the policy exists for this kind of task.

    Raises:
        SpecError: a metric doesn't; nothing was trained.
    """
    from ..audits.policy import validate

    schema = json.loads((dataset / "schema.json").read_bytes())
    validate(spec.policy, sensitive=schema["sensitive"], task=schema["task"])
    check_combinations(spec, schema)
    _check_mitigated(spec, schema["sensitive"])
    if spec.few_shot is not None:
        labels = json.loads((dataset / "datasheet.json").read_bytes())["labels"]
        for split, shape in spec.few_shot.asked():
            counts = [label["n"] for label in labels[split].values() if label["n"]]
            require_classes(counts, shape, split)


def _check_mitigated(spec: Spec, sensitive: Sequence[str]) -> None:
    """Groups are made by sensitive columns alone: of no other are they audited."""
    for name in spec.mitigate.columns if spec.mitigate else ():
        if name not in sensitive:
            raise SpecError(
                "mitigate.over names a column that isn't sensitive",
                got=name,
                expected="a column of data.sensitive",
                mend=nearest(name, sensitive),
            )


def _check(key: str, name: str, table: Mapping[str, Any], options: Mapping[str, Any], place: str) -> None:
    if name not in table:
        raise SpecError(f"unknown {key}", got=name, expected="a name that exists", mend=nearest(name, table))
    for option in options:
        if option not in table[name].options:
            known = nearest(option, table[name].options)
            raise SpecError(f"{name} has no such option", got=f"{place}.{option}", mend=known)


def _check_pair(architecture: str | None, method: str) -> None:
    if architecture and ARCHITECTURES[architecture].modality != PRETRAINING[method].modality:
        raise CombinationError(
            "this pretraining is for other data than this architecture",
            got=f"{method} ({PRETRAINING[method].modality}) with {architecture} "
            f"({ARCHITECTURES[architecture].modality})",
            mend="`assay list pretraining` says what each is for",
        )
    only = PRETRAINING[method].architectures
    if only and architecture not in only:
        raise CombinationError(
            "this pretraining can't train this architecture",
            got=f"{method} with {architecture or 'no architecture named'}",
            expected=f"one of {', '.join(only)}",
            mend=f"model.architecture: {only[0]}",
        )
