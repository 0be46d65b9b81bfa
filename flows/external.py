"""What Assay did not train: a file of predictions, or a model file, in the place of the stages that train.

    ingest → import → audit → report → register

For a file of predictions `ingest` reads its columns as a stream, and nothing but the predictions is kept; for
a model it is the usual one, and `import` takes a copy of the model's files, so that a version can be verified
when they are gone. Neither needs Prefect: nothing here takes long enough to be tried again by a server.
"""

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from .chain import Run
    from .progress import Display
    from .result import RunResult
    from .spec import Spec

__all__ = ["ExternalConfig", "audit_external"]

#: A torch module that was lent to this process stands in a spec as `torch:DIGEST`.
_LENT = "torch"


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExternalConfig:
    """A model, or its predictions, made elsewhere."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    model: str | None = None
    """A model's file or folder; without one the data are a file of predictions."""
    logits: bool = False
    """The model's outputs are logits: they are turned into probabilities by a softmax."""
    prediction: str | None = None
    """Predictions: column of what was decided."""
    scores: tuple[str, ...] = ()
    """Predictions: columns of probabilities."""
    task: str | None = None
    """Predictions: binary, multiclass or regression; by default read off the target."""


def audit_external(
    spec: "Spec", *, home: str | os.PathLike[str] | None = None, display: "Display | None" = None
) -> "RunResult":
    """Audit and register what `spec.external` names; what is unchanged is found, not made again.

    Raises:
        UsageError: the spec, the data or the model can't be used; nothing was registered.
    """
    from .chain import Run, perform
    from .environment import prepare
    from .home import Home
    from .preflight import check_against_data, preflight
    from .progress import Lines
    from .register import publish, result_of
    from .stages import INGEST, wanted

    preflight(dataclasses.replace(spec, external=None))
    run = Run.open(spec, Home.find(home), display=display or Lines())
    prepare(run.home.root)
    run.meter.start()
    try:
        for stage in wanted(spec):
            perform(stage, run)
            if stage is INGEST:
                check_against_data(spec, run.path("ingest"))
        version, _ = publish(run)
    finally:
        run.meter.close()
    return result_of(run, version)


def of_predictions(spec: "Spec") -> bool:
    """Whether a spec is about a file of predictions."""
    return spec.external is not None and spec.external.model is None


def ingest_predictions(spec: "Spec", out: Path) -> Mapping[str, Any]:
    """Read a file of predictions; keep what the audits need of it, and no other column."""
    from ..audits.stream import PredictionColumns, read_predictions

    external, data = spec.external, spec.data
    assert external is not None
    assert external.prediction is not None
    assert data.target is not None
    columns = PredictionColumns(
        target=data.target, prediction=external.prediction, scores=external.scores,
        sensitive=data.sensitive, positive=data.positive, weight=data.weight, task=external.task,
    )  # fmt: skip
    found = read_predictions(Path(data.source.partition(":")[2]), columns)
    found.to_parquet(out / "predictions.parquet")
    facts = {"modality": "tabular", "task": found.task, "classes": found.classes, "positive": found.positive}
    _write(out / "schema.json", facts | {"target": data.target, "sensitive": data.sensitive, "columns": []})
    _write(out / "datasheet.json", {"notes": ["Only predictions are known: the features were not seen."]})
    return {"rows": found.size, "splits": {"test": found.size}}


def import_external(run: "Run", out: Path) -> Mapping[str, Any]:
    """Take a copy of the model; of predictions there is none, and that is written down."""
    external = run.spec.external
    assert external is not None
    if external.model is not None:
        from ..platform.predictor.foreign import take, take_module

        scheme, _, digest = external.model.partition(":")
        if scheme == _LENT:
            return take_module(digest, run.path("ingest"), out)
        return take(Path(external.model), run.path("ingest"), out, logits=external.logits)
    schema = json.loads((run.path("ingest") / "schema.json").read_bytes())
    _write(out / "architecture.json", {"name": "predictions in a file"})
    _write(out / "postprocess.json", {key: schema[key] for key in ("task", "classes", "positive")})
    return {}


def import_inputs(run: "Run") -> Mapping[str, str]:
    """Digests of what `import` reads."""
    external = run.spec.external
    assert external is not None
    inputs = {"schema": run.digest("ingest", "schema.json")}
    if external.model is not None:
        from ..platform.predictor.foreign import fingerprint

        scheme, _, digest = external.model.partition(":")
        inputs["model"] = digest if scheme == _LENT else fingerprint(Path(external.model))
    return inputs


def audit_predictions(run: "Run", out: Path) -> Mapping[str, Any]:
    """Measure a file of predictions; whatever has to ask the model is named as missing."""
    from ..audits.findings import Findings
    from ..audits.predictions import Predictions
    from .findings_file import to_bytes
    from .measure import Evidence, measure

    predictions = Predictions.from_parquet(run.path("ingest") / "predictions.parquet")
    evidence = Evidence(model=predictions, validation=None, baselines={})
    evidence.save(out)
    (out / "pictures").mkdir()
    reason = "Only predictions are known: the model can't be asked."
    asking = {room: Findings(missing={"": reason}) for room in ("explanation", "stress")}
    (out / "findings.json").write_bytes(to_bytes(measure(evidence, run.spec.audit) | asking))
    return {"rows": predictions.size}


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def spec_of_predictions(
    path: Path,
    *,
    target: str | None,
    prediction: str | None,
    scores: tuple[str, ...] = (),
    sensitive: tuple[str, ...] = (),
    positive: str | None = None,
    weight: str | None = None,
    task: str | None = None,
    policy: Path | None = None,
    name: str | None = None,
) -> "Spec":
    """The spec that an audit of a file of predictions is an audit of.

    Raises:
        UsageError: something that is needed wasn't given, or can't be used.
    """
    from ..platform.data.inspect import source_of
    from ..platform.exceptions import UsageError
    from .spec import parse_spec

    for option, given in (("--target", target), ("--prediction", prediction)):
        if given is None:
            raise UsageError(f"audit --predictions needs {option}", expected="a column of the file")
    data = {"source": source_of(path), "target": target, "sensitive": sensitive, "positive": positive}
    document = {
        "name": name or _name(path),
        "data": data | {"weight": weight},
        "external": {"prediction": prediction, "scores": scores, "task": task},
        **_policy(policy),
    }
    return parse_spec(document)


def spec_of_model(
    model: Path,
    spec: Path | None,
    *,
    logits: bool = False,
    policy: Path | None = None,
    name: str | None = None,
) -> "Spec":
    """A spec with a model in the place of `model` and `train`, which are left aside.

    Raises:
        UsageError: there is no spec, or no such model.
    """
    from ..platform.exceptions import UsageError
    from .spec import load_spec

    if spec is None:
        raise UsageError(
            "audit --model needs --spec", expected="a spec whose data the model is audited on",
            mend="assay init --from FILE --target COLUMN writes one",
        )  # fmt: skip
    if not model.exists():
        raise UsageError(f"there is no model at {model}", got="no such file", expected="a file or a folder")
    found = load_spec(spec)
    given = {"policy": _parsed_policy(policy)} if policy else {}
    external = ExternalConfig(model=str(model.absolute()), logits=logits)
    return dataclasses.replace(found, name=name or found.name, external=external, **given)


def _name(path: Path) -> str:
    """The file's name in lower case, other characters than letters and digits turned to hyphens."""
    stem = path.name.split(".")[0].lower()
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in stem).split()
    return "-".join(words) or "predictions"


def _policy(path: Path | None) -> dict[str, Any]:
    """The `policy` key of a YAML file."""
    from ..platform.exceptions import SpecError
    from .spec import read_yaml

    if path is None:
        return {}
    document = read_yaml(path)
    if set(document) != {"policy"}:
        raise SpecError(
            f"{path} isn't a policy", got=", ".join(map(str, document)), expected="one key, `policy:`"
        )
    return {"policy": document["policy"]}


def _parsed_policy(path: Path) -> Any:
    from .spec import parse_spec

    return parse_spec({"name": "policy", "data": {"source": "builtin:adult"}, **_policy(path)}).policy
