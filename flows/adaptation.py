"""The other domain of a run: its rows as two artifacts, a twin trained without it, and what was gained.

Training reads the artifact `target`, which holds no label and no test row. The artifact `target_test` is read
by the stage `adaptation` alone.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..audits.findings import Findings
from ..platform.adaptation.config import AdaptConfig
from ..platform.data.config import DataConfig
from ..platform.store import Artifact
from .chain import Run, Stage
from .final import final_model
from .spec import Spec
from .variants import Variant, again, named, trained

ADAPTATION = "adaptation"
"""The stage that measures on both domains."""

TARGET, TARGET_TEST = "target", "target_test"
"""The stages that read the other domain."""

_TWIN = Variant("adapt none", lambda spec: dataclasses.replace(spec, adapt=None, seeds=1))
_OWN, _OTHER, _OTHER_SOURCE = "target.parquet", "twin_target.parquet", "twin_source.parquet"


def target_stage(name: str) -> Stage:
    """A stage that reads the other domain: for training, or for the audit."""
    return Stage(
        name=name,
        kind=f"{name}_rows",
        inputs=_target_inputs,
        section=lambda run: {
            "scheme": _config(run.spec).target.partition(":")[0],
            "split": dataclasses.asdict(run.spec.data.split),
        },
        code=("platform.data", "platform.adaptation"),
        libraries=("datasets", "pyarrow", "pandas", "numpy", "scikit-learn"),
        work=lambda run, out, scratch: _read(run, out, name),
        wanted=lambda spec: spec.adapt is not None,
    )


def adaptation_stages(spec: Spec, stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """What comes after the audit where a spec names another domain.

    Args:
        spec: with `adapt`.
        stages: what the spec asks for, for one model.
    """
    if spec.adapt is None:
        return ()
    last = final_model([stage.name for stage in trained(stages)])
    twin = [again(stage, _TWIN) for stage in trained(stages)] if spec.adapt.compare else []
    audit = next(stage for stage in stages if stage.name == "audit")
    read = ("ingest", "audit", TARGET, TARGET_TEST, last, *([named(last, _TWIN)] if twin else []))
    measured = Stage(
        name=ADAPTATION,
        kind=ADAPTATION,
        inputs=lambda run: {name: run.digest(name) for name in read},
        section=lambda run: {
            "confidence": run.spec.audit.confidence,
            "adapt": _facts(_config(run.spec)),
        },
        code=(*audit.code, "audits.adaptation", "platform.adaptation", "flows.adaptation", "flows.variants"),
        libraries=audit.libraries,
        work=_measure,
    )
    return (*twin, measured)


def other_data(spec: Spec) -> tuple[DataConfig, ...]:
    """The other domain as a data set, which training learns from."""
    return () if spec.adapt is None else (DataConfig(source=spec.adapt.target),)


def adapted_by(config: AdaptConfig) -> dict[str, Any]:
    """What of the section `adapt` decides what is learned."""
    return {"method": config.method, "weight": config.penalty_weight, "options": config.penalty_options}


def measure_adaptation(spec: Spec, artifacts: Mapping[str, Artifact], folder: Path) -> Findings:
    """The section `adaptation`, from stored predictions and manifests."""
    from ..audits.adaptation import measure
    from ..audits.adaptation.measure import Pair
    from ..audits.predictions import Predictions
    from .measure import Evidence

    def stored(name: str) -> Predictions | None:
        return Predictions.from_parquet(folder / name) if (folder / name).exists() else None

    other = stored(_OTHER_SOURCE)
    found = measure(
        Pair(source=Evidence.load(artifacts["audit"].path).model, target=stored(_OWN)),
        None if other is None else Pair(source=other, target=stored(_OTHER)),
        confidence=spec.audit.confidence,
    )
    joined, audited = (artifacts[name].manifest.details for name in (TARGET, TARGET_TEST))
    rows = {"joined": joined["joined"], **{key: audited[key] for key in ("audited", "unlabelled")}}
    return Findings(values={**_facts(_config(spec)), "rows": rows, **found.values}, missing=found.missing)


def _config(spec: Spec) -> AdaptConfig:
    assert spec.adapt is not None
    return spec.adapt


def _facts(config: AdaptConfig) -> dict[str, Any]:
    """How it was adapted, to what."""
    from ..platform.data import sources

    return {"domain": sources.label(config.target), **adapted_by(config)}


def _target_inputs(run: Run) -> Mapping[str, str]:
    from ..platform.data.sources import fingerprint

    return {
        "source": fingerprint(_config(run.spec).target),
        "schema": run.digest("ingest", "schema.json"),
    }


def _read(run: Run, out: Path, name: str) -> Mapping[str, Any]:
    from ..platform.adaptation.target import ingest_inputs, ingest_test
    from ..platform.data.dataset import Dataset

    schema = Dataset.open(run.path("ingest")).schema
    ingest = ingest_inputs if name == TARGET else ingest_test
    return ingest(_config(run.spec).target, schema, run.spec.data.split, out=out)


def _measure(run: Run, out: Path, scratch: Path) -> Mapping[str, Any]:
    from ..platform.adaptation.target import read_test
    from .audit_stage import predict, predict_test
    from .findings_file import to_bytes

    last = final_model(run.outcomes)
    rows, twin = read_test(run.path(TARGET_TEST)), named(last, _TWIN)
    models = {_OWN: last} | ({_OTHER: twin} if twin in run.outcomes else {})
    if rows is not None:
        for file, model in models.items():
            predict(run.path(model), rows).to_parquet(out / file)
    if twin in run.outcomes:
        predict_test(dataset=run.path("ingest"), model=run.path(twin)).to_parquet(out / _OTHER_SOURCE)
    artifacts = {name: made.artifact for name, made in run.outcomes.items()}
    found = measure_adaptation(run.spec, artifacts, out)
    (out / "findings.json").write_bytes(to_bytes({ADAPTATION: found}))
    return {"twin": twin in run.outcomes}
