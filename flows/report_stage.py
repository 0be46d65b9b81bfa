"""The report stage: artifacts and spec in, one report and its renderings out.

`write` is what a run does; `build` and `render` are pure: `assay verify` does them again and compares.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

from .. import __version__
from ..audits import carbon, clients, robustness
from ..audits.findings import Findings
from ..audits.policy import evaluate
from ..audits.report import assemble, render_html, render_markdown, with_policy
from ..platform.checkpoints import reference
from ..platform.checkpoints.backbones import shown as shown_architecture
from ..platform.data import sources
from ..platform.store import Artifact, canonical_json, digest_of_json
from .adaptation import ADAPTATION
from .backbone import CHECKPOINT, told, untold
from .final import final_model
from .findings_file import from_bytes
from .privacy_cost import PRIVACY_COST
from .privacy_section import privacy_section
from .row_audit import shown
from .seeds import VARIATION
from .spec import Spec

#: Where the policy compares with no other version.
_NOTHING = Findings()

#: Files of a report artifact.
REPORT_FILES = {"html": "report.html", "md": "report.md", "json": "report.json"}


def write(
    *,
    spec: Spec,
    artifacts: Mapping[str, Artifact],
    version: int,
    out: Path,
    compared: Findings = _NOTHING,
    spent: Sequence[carbon.Made] = (),
    ledger: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Build the report of a new version, render it, and write all of it to `out`.

    Returns:
        Name, version and verdict, for the manifest.
    """
    created = datetime.now(UTC).isoformat(timespec="seconds")
    report = build(
        spec=spec, artifacts=artifacts, version=version, created=created,
        compared=compared, spent=spent, ledger=ledger,
    )  # fmt: skip
    (out / "spec.json").write_bytes(canonical_json(spec.to_dict()))
    # The Markdown names its pictures by path; the HTML holds them.
    shutil.copytree(artifacts["audit"].path / "pictures", out / "pictures")
    for form, content in render(report, out).items():
        (out / REPORT_FILES[form]).write_bytes(content)
    return {"name": spec.name, "version": version, "verdict": evaluate(spec.policy, report).to_json()}


def build(
    *,
    spec: Spec,
    artifacts: Mapping[str, Artifact],
    version: int,
    created: str,
    compared: Findings = _NOTHING,
    spent: Sequence[carbon.Made] = (),
    ledger: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The report of a version, from the artifacts of its stages by name.

    Args:
        spec: what was run.
        artifacts: by the names of their stages.
        version: its number.
        created: time of the report, RFC 3339.
        compared: what comparisons with other versions found.
        spent: what the model's versions cost up to this one.
        ledger: what had been spent on the data's privacy by then.
    """
    audit = artifacts["audit"]
    findings = _sections(from_bytes((audit.path / "findings.json").read_bytes()))
    rows, lost = shown(findings)
    findings.pop("data", None)
    learned = _training(artifacts, findings.pop("clients", None))
    private = privacy_section(spec, artifacts, findings.pop("privacy", None), ledger)
    accounted = carbon.account(
        [{"name": name, **artifact.manifest.to_json()} for name, artifact in artifacts.items()],
        spec.audit.carbon,
    )
    if len(spent) > 1:
        accounted.values["history"] = carbon.history(spent)
    report = assemble(
        model=_model(spec, artifacts[final_model(artifacts)]),
        card={key: value for key, value in spec.to_dict()["card"].items() if value is not None},
        data=_data(spec, artifacts["ingest"]) | rows,
        training=learned.values or None,
        findings=findings
        | {
            "calibration": _with_temperature(findings["calibration"], artifacts[final_model(artifacts)]),
            "carbon": accounted,
            "privacy": private,
        }
        | ({} if compared == _NOTHING else {"comparisons": compared})
        | _mitigation(findings, artifacts)
        | _found_by(VARIATION, artifacts)
        | _found_by(ADAPTATION, artifacts),
        lineage=_lineage(spec, artifacts),
        evidence=_evidence(artifacts),
        missing={f"/training{place}": why for place, why in learned.missing.items()}
        | _missing(findings, artifacts)
        | lost,
        created=created,
        version=version,
    )
    return with_policy(report, evaluate(spec.policy, report))


def render(report: Mapping[str, Any], folder: Path) -> dict[str, bytes]:
    """The three forms of a report as bytes, by form; `folder` is where its `pictures/` are."""
    pictures = {f"pictures/{path.name}": path.read_bytes() for path in sorted(folder.glob("pictures/*.png"))}
    return {
        "json": (json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode(),
        "html": render_html(report, pictures).encode(),
        "md": render_markdown(report).encode(),
    }


def _sections(findings: Mapping[str, Findings]) -> dict[str, Findings]:
    """By section: what was asked of the model again stands beside what predictions alone say."""
    found = dict(findings)
    found["robustness"] = robustness.join(found["robustness"], found.pop("stress"))
    return found


def _mitigation(findings: Mapping[str, Findings], artifacts: Mapping[str, Artifact]) -> dict[str, Findings]:
    """The trade-off with what it cost, which clocks say and manifests keep."""
    if "mitigate" not in artifacts:
        return {}
    found, manifest = findings["mitigation"], artifacts["mitigate"].manifest
    took = {part["name"]: part["seconds"] for part in manifest.details["parts"]}
    single = artifacts["train"].manifest.seconds
    cost = {
        "single_fit_seconds": single,
        "total_seconds": manifest.seconds,
        "ratio": manifest.seconds / single,
    }
    timed = [{**one, "seconds": took[one["name"]]} for one in found.values["candidates"]]
    return {
        "mitigation": Findings(
            values=found.values | {"candidates": timed, "cost": cost}, missing=found.missing
        )
    }


def _found_by(stage: str, artifacts: Mapping[str, Artifact]) -> dict[str, Findings]:
    """What a stage after the audit measured, where there was one."""
    if stage not in artifacts:
        return {}
    return from_bytes((artifacts[stage].path / "findings.json").read_bytes())


def _missing(findings: Mapping[str, Findings], artifacts: Mapping[str, Artifact]) -> dict[str, str]:
    """What no audit could have said itself."""
    missing = {"/carbon/stages/report": "A report can't hold the energy of its own making."}
    if "train" not in artifacts:
        missing["/training"] = "Not trained here: how, on what and at what cost isn't known."
        missing["/variation"] = "Not trained here: how a model of another seed would differ is unknown."
    if CHECKPOINT in artifacts:
        missing |= untold(artifacts[CHECKPOINT].path)
    if not findings["fairness"].values and not findings["fairness"].missing.get(""):
        missing["/fairness"] = "The spec names no sensitive column, so no groups were compared."
    return missing


def _model(spec: Spec, artifact: Artifact) -> dict[str, Any]:
    architecture = json.loads((artifact.path / "architecture.json").read_bytes())
    asked = {"task": "few_shot", "classes": [], "positive": None}  # it has no classes of its own
    postprocess = json.loads((artifact.path / "postprocess.json").read_bytes())
    members = len(postprocess["mixture"]["weights"]) if "mixture" in postprocess else 1
    return {
        "name": spec.name,
        "architecture": shown_architecture(architecture["name"], architecture.get("options", {})),
        **({"parameters": members * architecture["parameters"]} if "parameters" in architecture else {}),
        **(asked if spec.few_shot else {key: postprocess[key] for key in ("task", "classes", "positive")}),
        "digest": artifact.digest,
        "spec_digest": digest_of_json(spec.to_dict()),
    }


def _data(spec: Spec, artifact: Artifact) -> dict[str, Any]:
    schema = json.loads((artifact.path / "schema.json").read_bytes())
    details = artifact.manifest.details
    return {
        "source": sources.label(spec.data.source),
        "digest": artifact.digest,
        "rows": sum(details["splits"].values()),
        "splits": details["splits"],
        "target": schema["target"],
        "sensitive": list(schema["sensitive"]),
        "features": [column["name"] for column in schema["columns"] if column["role"] == "feature"],
        "datasheet": json.loads((artifact.path / "datasheet.json").read_bytes()),
    }


def _training(artifacts: Mapping[str, Artifact], inside: Findings | None) -> Findings:
    """How it was trained; nothing where it wasn't trained here. `inside` is what test rows say of clients."""
    if "train" not in artifacts:
        return Findings()
    found: dict[str, Any] = {"stages": [_stage(name, artifact) for name, artifact in artifacts.items()]}
    if CHECKPOINT in artifacts:
        found["checkpoint"] = told(artifacts[CHECKPOINT].path)
    shared = artifacts["train"].path / "clients.json"
    if not shared.exists():
        return Findings(values=found)
    manifest = artifacts["train"].manifest  # its rows stayed with clients
    federated = clients.measure(
        json.loads(shared.read_bytes()),
        reading=manifest.energy,
        effort=manifest.details.get("effort"),
        inside=inside,
        seconds=manifest.details.get("secure_seconds"),
    )
    found["federated"] = federated.values
    missing = {f"/federated{place}": why for place, why in federated.missing.items()}
    return Findings(values=found, missing=missing)


def _stage(name: str, artifact: Artifact) -> dict[str, Any]:
    manifest = artifact.manifest
    found: dict[str, Any] = {"name": name, "seconds": manifest.seconds}
    if manifest.energy.get("kwh") is not None:
        found["kwh"] = manifest.energy["kwh"]
    found |= {
        key: manifest.details[key]
        for key in ("epochs", "best_epoch", "resumed_from", "engine")
        if manifest.details.get(key) is not None
    }
    if name in ("pretrain", "train"):
        found["history"] = json.loads((artifact.path / "history.json").read_bytes())
    taught = artifact.path / "evaluation.json"
    if name == "pretrain" and taught.exists():  # there were rows to validate by
        found["evaluation"] = json.loads(taught.read_bytes())
    return found


def _with_temperature(found: Findings, calibrated: Artifact) -> Findings:
    postprocess = json.loads((calibrated.path / "postprocess.json").read_bytes())
    if postprocess["task"] == "regression" or calibrated.manifest.kind in ("foreign_model", "few_shot_model"):
        return found
    return Findings(values=found.values | {"temperature": postprocess["temperature"]}, missing=found.missing)


def _lineage(spec: Spec, artifacts: Mapping[str, Artifact]) -> dict[str, Any]:
    made = artifacts.get("train", artifacts["audit"]).manifest
    shown = spec.to_dict()
    shown["data"]["source"] = sources.label(spec.data.source)
    if spec.adapt is not None:
        shown["adapt"]["target"] = sources.label(spec.adapt.target)
    if CHECKPOINT in artifacts:
        shown["model"]["architecture"] = reference.label(str(spec.model.architecture))
    if spec.external and spec.external.model:
        shown["external"]["model"] = PurePath(spec.external.model).name
    return {
        "artifacts": [
            {"kind": a.manifest.kind, "key": a.key, "digest": a.digest, "inputs": dict(a.manifest.inputs)}
            for a in artifacts.values()
        ],
        "code": {"assay": __version__, **{name: a.manifest.code for name, a in artifacts.items()}},
        "environment": dict(made.environment)
        | {"libraries": {k: v for a in artifacts.values() for k, v in a.manifest.libraries.items()}},
        **({"engine": made.details["engine"]} if "train" in artifacts else {}),
        "spec": shown,
    }


def _evidence(artifacts: Mapping[str, Artifact]) -> dict[str, str]:
    audit, dataset = artifacts["audit"].digest, artifacts["ingest"].digest
    compared = ("cost", "curve") if PRIVACY_COST in artifacts else ()
    sections = ("performance", "calibration", "fairness", "slices", "mitigation", "explanation", "robustness")
    return {
        **{f"/{section}": audit for section in (*sections, "comparisons")},
        **{f"/{name}": artifacts[name].digest for name in (VARIATION, ADAPTATION) if name in artifacts},
        **{f"/privacy/{part}": artifacts[PRIVACY_COST].digest for part in compared},
        "/data": dataset,
        **({"/training/checkpoint": artifacts[CHECKPOINT].digest} if CHECKPOINT in artifacts else {}),
        **({"/training": artifacts["train"].digest} if "train" in artifacts else {}),
        "/model": artifacts[final_model(artifacts)].digest,
        "/calibration/temperature": artifacts[final_model(artifacts)].digest,
    }
