"""The stages, as a literal table: each names its room's function and all that its cache key is made of.

Training reads the train and validation rows alone, and its key holds the digests of just these files: test
rows can change without any model changing.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .adaptation import TARGET, TARGET_TEST, adaptation_stages, other_data, target_stage
from .backbone import (
    CHECKPOINT,
    checkpoint_inputs,
    checkpoint_section,
    model_of,
    of_checkpoint,
    pretrained_by,
    take_checkpoint,
)
from .chain import Run, Stage
from .external import audit_predictions, import_external, import_inputs, ingest_predictions, of_predictions
from .few_shot_stage import audit_by_episodes, few_shot_stage
from .final import final_model
from .privacy_cost import cost_stages
from .seeds import seed_stages
from .spec import Spec
from .stage_keys import (
    AUDIT_CODE,
    NETWORK_CODE,
    NETWORK_LIBRARIES,
    SEEN_BY_TRAINING,
    alone,
    audit_section,
    data_section,
    pretrain_section,
    shadowed,
    source_of,
    train_inputs,
    train_section,
)

if TYPE_CHECKING:
    from ..platform.training.domain import Domain


def _ingest(run: Run, out: Path, scratch: Path) -> Mapping[str, Any]:
    from ..platform.data.ingest import ingest

    if of_predictions(run.spec):
        return ingest_predictions(run.spec, out)
    return ingest(run.spec.data, out=out, classes_apart=run.spec.few_shot is not None)


def _pretrain(run: Run, out: Path, scratch: Path) -> Mapping[str, Any]:
    from ..platform.training import pretrain
    from ..platform.training.private_pretraining import Private
    from .charging import account_of, charge_without_privacy

    assert run.spec.pretrain is not None
    spec, key, private = run.spec, PRETRAIN.key(run), None
    privacy = alone(spec)
    if privacy is None:
        charge_without_privacy(run, key)
    else:
        private = Private(config=privacy, train=spec.train, account=account_of(run, key))
    return pretrain(
        dataset=run.path("ingest"), model=spec.model, config=run.spec.pretrain,
        out=out, scratch=scratch, progress=run.display.moved,
        preprocessor=preprocessor_of(run), privacy=private,
    )  # fmt: skip


def _pretrain_federated(run: Run, out: Path, scratch: Path) -> Mapping[str, Any]:
    from ..platform.federated.pretraining import pretrain_federated
    from .charging import charge_without_privacy

    spec = run.spec
    assert spec.pretrain is not None
    assert spec.federated is not None
    charge_without_privacy(run, FEDERATED_PRETRAIN.key(run))
    return pretrain_federated(
        dataset=run.path("ingest"), model=spec.model, config=spec.pretrain, train=spec.train,
        federated=spec.federated, out=out, scratch=scratch, progress=run.display.moved,
        preprocessor=preprocessor_of(run),
    )  # fmt: skip


def _train(run: Run, out: Path, scratch: Path) -> Mapping[str, Any]:
    from ..platform.training import train
    from .charging import account_of, charge_without_privacy

    privacy, key = alone(run.spec), TRAIN.key(run)
    if privacy is None:
        charge_without_privacy(run, key, *other_data(run.spec))
    return train(
        dataset=run.path("ingest"), model=model_of(run), config=run.spec.train,
        pretrained=_pretrained(run),
        out=out, scratch=scratch, progress=run.display.moved, ray_address=run.ray_address,
        privacy=privacy, account=account_of(run, key) if privacy else None,
        preprocessor=None if pretrained_by(run.spec) else preprocessor_of(run), domain=_domain(run),
    )  # fmt: skip


def _domain(run: Run) -> "Domain | None":
    """The rows of another domain, which training sees without labels."""
    from ..platform.training.domain import Domain

    return run.spec.adapt and Domain(config=run.spec.adapt, inputs=run.path(TARGET))


def _pretrained(run: Run) -> Path | None:
    """The artifact whose weights training goes on from."""
    name = pretrained_by(run.spec)
    return run.path(name) if name else None


def _train_federated(run: Run, out: Path, scratch: Path) -> Mapping[str, Any]:
    from ..platform.federated.training import train_federated
    from .charging import account_of, charge_without_privacy

    assert run.spec.federated is not None
    privacy, key = alone(run.spec), FEDERATED.key(run)
    if privacy is None:
        charge_without_privacy(run, key)
    if run.spec.federated.deployed:
        from ..platform.federated.deployed import train_deployed

        return train_deployed(
            dataset=run.path("ingest"), model=run.spec.model, config=run.spec.train,
            federated=run.spec.federated, out=out, scratch=scratch, preprocessor=preprocessor_of(run),
        )  # fmt: skip
    return train_federated(
        dataset=run.path("ingest"), model=run.spec.model, config=run.spec.train, federated=run.spec.federated,
        out=out, scratch=scratch, progress=run.display.moved,
        privacy=privacy, account=account_of(run, key) if privacy else None,
        pretrained=run.path("pretrain") if run.spec.pretrain else None,
        preprocessor=None if run.spec.pretrain else preprocessor_of(run),
    )  # fmt: skip


def preprocessor_of(run: Run) -> Any:
    """What looks at no row: of a codebook, or of pixels, whose levels are known; None fits it on the rows."""
    from ..platform.data.codebook import preprocessor_from_codebook
    from ..platform.data.dataset import Dataset
    from ..platform.data.declared import declared_preprocessor

    schema = Dataset.open(run.path("ingest")).schema
    if run.spec.data.codebook is None and run.spec.privacy and schema.modality == "image":
        return declared_preprocessor(schema)
    return preprocessor_from_codebook(run.spec.data, schema)


def _calibrate(run: Run, out: Path, scratch: Path) -> Mapping[str, Any]:
    from ..platform.calibration.temperature import calibrate

    return calibrate(dataset=run.path("ingest"), model=run.path("train"), out=out)


def _mitigate(run: Run, out: Path, scratch: Path) -> Mapping[str, Any]:
    from ..platform.mitigation import mitigate

    assert run.spec.mitigate is not None
    return mitigate(
        dataset=run.path("ingest"), model=run.path("calibrate"), network=model_of(run),
        train=run.spec.train, config=run.spec.mitigate, pretrained=_pretrained(run),
        out=out, scratch=scratch, progress=run.display.moved,
    )  # fmt: skip


def _audit(run: Run, out: Path, scratch: Path) -> Mapping[str, Any]:
    from .audit_stage import audit

    if of_predictions(run.spec):
        return audit_predictions(run, out)
    if run.spec.few_shot is not None:
        return audit_by_episodes(run, out)
    model = run.path(final_model(run.outcomes))
    return audit(
        dataset=run.path("ingest"), model=model, config=run.spec.audit, out=out,
        train=run.spec.train if shadowed(run.spec) else None,
        partition=run.spec.federated and run.spec.federated.partition,
    )  # fmt: skip


INGEST = Stage(
    name="ingest",
    kind="dataset",
    inputs=source_of,
    section=lambda run: data_section(run.spec),
    code=("platform.data", "audits.stream"),
    libraries=("datasets", "pyarrow", "pandas", "numpy", "scikit-learn"),
    work=_ingest,
)

PRETRAIN = Stage(
    name="pretrain",
    kind="pretrained",
    inputs=lambda run: {"dataset": run.digest("ingest", *SEEN_BY_TRAINING)},
    section=pretrain_section,
    code=NETWORK_CODE,
    libraries=NETWORK_LIBRARIES,
    work=_pretrain,
    wanted=lambda spec: spec.pretrain is not None and spec.federated is None,
)

#: The same stage, of rows that stay with clients; the seed of `train` deals them.
FEDERATED_PRETRAIN = dataclasses.replace(
    PRETRAIN,
    section=lambda run: {
        **pretrain_section(run),
        "federated": dataclasses.asdict(run.spec.federated),  # type: ignore[arg-type]
        "dealt_by": run.spec.train.seed,
    },
    code=(*NETWORK_CODE, "platform.federated"),
    libraries=(*NETWORK_LIBRARIES, "flwr"),
    work=_pretrain_federated,
    wanted=lambda spec: spec.pretrain is not None and spec.federated is not None,
)

TAKE = Stage(
    name=CHECKPOINT,
    kind="pretrained",
    inputs=lambda run: {
        "dataset": run.digest("ingest", *SEEN_BY_TRAINING),
        **checkpoint_inputs(run),
    },
    section=lambda run: checkpoint_section(run.spec),
    code=NETWORK_CODE,
    libraries=(*NETWORK_LIBRARIES, "transformers"),
    work=take_checkpoint,
    wanted=of_checkpoint,
)

TRAIN = Stage(
    name="train",
    kind="model",
    inputs=train_inputs,
    section=train_section,
    code=NETWORK_CODE,
    libraries=NETWORK_LIBRARIES,
    work=_train,
    wanted=lambda spec: spec.external is None and spec.federated is None and spec.few_shot is None,
)

#: The same stage, by episodes.
FEW_SHOT = few_shot_stage(TRAIN)

#: The same stage, of rows that stay with clients.
FEDERATED = dataclasses.replace(
    TRAIN,
    section=lambda run: {
        **train_section(run),
        "federated": dataclasses.asdict(run.spec.federated),  # type: ignore[arg-type]
    },
    code=(*NETWORK_CODE, "platform.federated"),
    libraries=(*NETWORK_LIBRARIES, "flwr"),
    work=_train_federated,
    wanted=lambda spec: spec.external is None and spec.federated is not None,
)

CALIBRATE = Stage(
    name="calibrate",
    kind="calibrated",
    inputs=lambda run: {
        "model": run.digest("train"),
        "dataset": run.digest("ingest", "validation.parquet", "schema.json"),
    },
    section=lambda run: {},
    code=("models", "platform.data", "platform.predictor", "platform.calibration"),
    libraries=NETWORK_LIBRARIES,
    work=_calibrate,
    wanted=lambda spec: spec.external is None and spec.few_shot is None,
)

MITIGATE = Stage(
    name="mitigate",
    kind="mitigated",
    inputs=lambda run: {**train_inputs(run), "model": run.digest("calibrate")},
    section=lambda run: {
        "mitigate": dataclasses.asdict(run.spec.mitigate),  # type: ignore[arg-type]
        **train_section(run),
    },
    code=(*NETWORK_CODE, "platform.calibration", "platform.mitigation"),
    libraries=(*NETWORK_LIBRARIES, "scipy", "fairlearn"),
    work=_mitigate,
    wanted=lambda spec: spec.mitigate is not None,
)

IMPORT = Stage(
    name="import",
    kind="foreign_model",
    inputs=import_inputs,
    section=lambda run: {"logits": run.spec.external and run.spec.external.logits},
    code=("platform.predictor", "flows.external"),
    libraries=(),
    work=lambda run, out, scratch: import_external(run, out),
    wanted=lambda spec: spec.external is not None,
)

AUDIT = Stage(
    name="audit",
    kind="audit",
    inputs=lambda run: {
        "model": run.digest(final_model(run.outcomes)),
        "dataset": run.digest("ingest"),
    },
    section=lambda run: audit_section(run.spec),
    code=AUDIT_CODE,
    libraries=(*NETWORK_LIBRARIES, "scipy", "scikit-learn", "captum", "pillow"),
    work=_audit,
)

#: Rows of another domain, without labels for training and with them for its audit.
_OTHER_DOMAIN = (target_stage(TARGET), target_stage(TARGET_TEST))

#: Every stage that makes an artifact before the report, in order.
CHAIN = (
    INGEST,
    *_OTHER_DOMAIN,
    PRETRAIN,
    FEDERATED_PRETRAIN,
    TAKE,
    TRAIN,
    FEDERATED,
    FEW_SHOT,
    CALIBRATE,
    MITIGATE,
    IMPORT,
    AUDIT,
)


def wanted(spec: Spec) -> tuple[Stage, ...]:
    """The stages that a spec asks for, in order."""
    stages = tuple(stage for stage in CHAIN if stage.wanted(spec))
    return (*stages, *seed_stages(spec, stages), *cost_stages(spec, stages), *adaptation_stages(spec, stages))
