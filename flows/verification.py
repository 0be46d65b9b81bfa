"""Verification: take a registered version apart and put it together again, and say where the two differ.

Digests of every artifact against manifest and registry; numbers measured again from the stored predictions;
the verdict given again; the report built and rendered again and compared byte for byte.
"""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..audits.findings import Findings
from ..audits.policy import evaluate
from ..audits.report import differences
from ..platform.exceptions import AssayError
from ..platform.store import Artifact, code_version
from . import comparison, energy_history, ledger_history
from .adaptation import ADAPTATION, measure_adaptation
from .final import final_model
from .findings_file import to_bytes
from .home import Home
from .measure import Evidence, measure
from .privacy_cost import PRIVACY_COST, measure_cost
from .register import REPORT_CODE
from .report_stage import REPORT_FILES, build, render
from .row_audit import audit_rows
from .seeds import VARIATION, measure_variation
from .spec import Spec, parse_spec
from .stages import CHAIN
from .variants import in_order
from .version import RegisteredVersion, open_version
from .waivers import waived_report, waivers_in_force


@dataclasses.dataclass
class Verification:
    """What was checked, what differs, and what could not be compared."""

    model: str
    version: int
    checked: list[str] = dataclasses.field(default_factory=list)
    differences: list[str] = dataclasses.field(default_factory=list)
    skipped: list[str] = dataclasses.field(default_factory=list)

    @property
    def summary(self) -> str:
        """One line."""
        if self.differences:
            return f"{len(self.differences)} differences"
        return f"verified: {len(self.checked)} checks, nothing differs"

    def compare(self, what: str, differences: list[str]) -> None:
        """Note one check and what it found."""
        if differences:
            self.differences += [f"{what}: {line}" for line in differences]
        else:
            self.checked.append(what)

    def to_json(self) -> dict[str, Any]:
        """What `assay verify --json` prints."""
        return dataclasses.asdict(self) | {"verified": not self.differences}


def verify_version(home: Home, reference: str) -> Verification:
    """Recompute everything about a version that its evidence allows.

    Raises:
        UsageError: there is no such version.
    """
    version = open_version(home, reference)
    found = Verification(version.name, version.number)
    artifacts = _artifacts(version, found)
    if len(artifacts) < len(version.record.artifacts):
        return found  # what is gone can't be recomputed, and it is named already
    report = json.loads((artifacts["report"].path / "report.json").read_bytes())
    spec = _spec(artifacts["report"])
    _measure_again(spec, artifacts, found)
    _build_again(spec, version, artifacts, report, found)
    _count_again(home, artifacts["report"], found)
    _judge_again(spec, version, report, found)
    _show_again(version, home.version_folder(version.name, version.number), found)
    return found


def _artifacts(version: RegisteredVersion, found: Verification) -> dict[str, Artifact]:
    """Every artifact whose bytes are what its manifest, and the registry, say."""
    artifacts: dict[str, Artifact] = {}
    record = version.record
    bound = {
        final_model(record.artifacts): record.digests["model"],
        "audit": record.digests["audit"],
        "report": record.details["report_digest"],
    }
    for stage in in_order(record.artifacts, CHAIN):
        key = record.artifacts[stage]
        artifact = version.store.lookup(key)
        if artifact is None:
            reasons = [r for w in version.store.warnings if w.key == key for r in w.reasons]
            found.compare(f"artifact {stage}", reasons or ["it is not in the store"])
            continue
        differs = artifact.digest != bound.get(stage, artifact.digest)
        found.compare(f"artifact {stage}", ["its digest isn't the one in the registry"] if differs else [])
        artifacts[stage] = artifact
    return artifacts


def _spec(report: Artifact) -> Spec:
    document = json.loads((report.path / "spec.json").read_bytes())
    return parse_spec(document)


def _measure_again(spec: Spec, artifacts: Mapping[str, Artifact], found: Verification) -> None:
    audit = artifacts["audit"]
    if spec.few_shot is not None:
        _episodes_again(spec, artifacts, found)
        return
    stored, evidence = json.loads((audit.path / "findings.json").read_bytes()), Evidence.load(audit.path)
    findings = measure(evidence, spec.audit)
    if VARIATION in artifacts:
        seeds = artifacts[VARIATION].path
        stored |= json.loads((seeds / "findings.json").read_bytes())
        findings[VARIATION] = measure_variation(spec, audit.path, seeds)
    if ADAPTATION in artifacts:
        domains = artifacts[ADAPTATION].path
        stored |= json.loads((domains / "findings.json").read_bytes())
        findings[ADAPTATION] = measure_adaptation(spec, artifacts, domains)
    if PRIVACY_COST in artifacts:
        beside = artifacts[PRIVACY_COST].path
        stored |= json.loads((beside / "findings.json").read_bytes())
        findings[PRIVACY_COST] = measure_cost(spec, audit.path, beside)
    if "data" in stored:
        findings["data"] = audit_rows(artifacts["ingest"].path, evidence.model, spec.audit)
    again = json.loads(to_bytes(findings))
    for section, values in again.items():
        of = "rows" if section == "data" else "predictions"
        found.compare(f"numbers of {section} from stored {of}", _lines(stored[section], values))


def _episodes_again(spec: Spec, artifacts: Mapping[str, Artifact], found: Verification) -> None:
    """The numbers of a few-shot model from its stored answers, and its episodes from their seed."""
    from .few_shot_audit import measure_few_shot, redrawn

    assert spec.few_shot is not None
    audit = artifacts["audit"].path
    stored = json.loads((audit / "findings.json").read_bytes())
    again = json.loads(to_bytes(measure_few_shot(audit, spec.audit, spec.few_shot)))
    for section, values in again.items():
        found.compare(f"numbers of {section} from stored answers", _lines(stored[section], values))
    found.compare("episodes drawn again", redrawn(artifacts["ingest"].path, audit, spec.few_shot))


def _compare_again(
    spec: Spec, version: RegisteredVersion, artifacts: Mapping[str, Artifact], found: Verification
) -> Findings:
    """The comparisons again, with the versions that were meant when this one was registered."""
    references = comparison.load(artifacts["report"].path)
    bound = version.record.digests.get("comparison")
    if comparison.digest_of(references).get("comparison") != bound:
        found.compare("versions compared with", ["they aren't the ones in the registry"])
    try:
        return comparison.compare(
            references,
            audit=artifacts["audit"],
            config=spec.audit,
            registry=version.registry,
            store=version.store,
        )
    except AssayError as error:
        found.compare("versions compared with", [str(error)])
        return Findings()


def _build_again(
    spec: Spec,
    version: RegisteredVersion,
    artifacts: Mapping[str, Artifact],
    report: dict[str, Any],
    found: Verification,
) -> None:
    stages = {name: artifact for name, artifact in artifacts.items() if name != "report"}
    again = build(
        spec=spec,
        artifacts=stages,
        version=report["model"]["version"],
        created=report["created"],
        compared=_compare_again(spec, version, artifacts, found),
        spent=energy_history.load(artifacts["report"].path),
        ledger=ledger_history.load(artifacts["report"].path),
    )
    found.compare("report.json against its evidence", _lines(report, json.loads(json.dumps(again))))
    if artifacts["report"].manifest.code != code_version(REPORT_CODE):
        found.skipped.append("renderings: made by other code than this, so other bytes say nothing")
        return
    for form, content in render(report, artifacts["report"].path).items():
        stored = (artifacts["report"].path / REPORT_FILES[form]).read_bytes()
        found.compare(f"{REPORT_FILES[form]} rendered again", [] if stored == content else ["other bytes"])


def _count_again(home: Home, report: Artifact, found: Verification) -> None:
    """What had been spent on the data's privacy, by the ledger as it stood when the report was made."""
    history = ledger_history.load(report.path)
    if history is None:
        return
    if home.ledger().exists:
        found.compare("epsilon from the privacy ledger", ledger_history.differences(home, history))
    else:
        found.skipped.append("epsilon from the privacy ledger: the ledger isn't on this machine")


def _judge_again(spec: Spec, version: RegisteredVersion, report: dict[str, Any], found: Verification) -> None:
    try:
        recorded = version.registry.verdict_on(version.record)
    except AssayError as error:
        found.compare("verdict in the registry", [str(error)])
        return
    status = evaluate(spec.policy, report).status
    differs = recorded is None or recorded.status != status
    said = "no verdict" if recorded is None else recorded.status
    found.compare(
        "verdict from the policy", [f"registry says {said}, evidence says {status}"] if differs else []
    )


def _show_again(version: RegisteredVersion, folder: Path, found: Verification) -> None:
    """Renderings outside the store: those with waivers, against the waivers that count today."""
    written = [form for form, name in REPORT_FILES.items() if (folder / name).is_file()]
    written = [form for form in written if not (folder / REPORT_FILES[form]).is_symlink()]
    if not written:
        return
    stored = version.report_path("json").parent
    rendered = render(waived_report(stored, waivers_in_force(version)), stored)
    for form in written:
        same = (folder / REPORT_FILES[form]).read_bytes() == rendered[form]
        why = "it isn't what the waivers in force today give: `assay report` renders it again"
        found.compare(f"{REPORT_FILES[form]} with waivers", [] if same else [why])


def _lines(stored: Mapping[str, Any], again: Mapping[str, Any]) -> list[str]:
    """Where two JSON values differ. Nothing is volatile: what a clock or meter said is in the manifests."""
    faults = differences({**stored, "volatile": []}, {**again, "volatile": []})
    return [f"{fault.pointer}: {fault.message}" for fault in faults]
