"""What a run did beside its noisy steps, read from its spec and its artifacts: nothing is assumed."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..audits.findings import Findings
from ..platform.mitigation.methods import METHODS
from ..platform.privacy.uncovered import RunFacts, uncovered
from ..platform.store import Artifact
from .findings_file import from_bytes
from .spec import Spec

__all__ = ["facts_of", "uncovered_of"]

_EXPLAINED_ALONE = "permutation_importance"
"""The method that looks at the model and the test rows alone; others, or their checks, need train rows."""

_STRESSED_BY_TRAIN_ROWS = ("adversarial", "foreign_rows")
"""Tests that read ranges, means or distances off train rows."""

_SETS = ("conformal", "abstention")

Artifacts = Mapping[str, Artifact]


def uncovered_of(
    spec: Spec, artifacts: Artifacts, ledger: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """What the epsilon of a private run doesn't cover, as it stands in report.json, gravest first.

    Args:
        spec: of the run, with privacy.
        artifacts: by the names of their stages.
        ledger: what `ledger_history` noted, or None where there is no ledger.
    """
    return [
        dataclasses.asdict(one) | {"rows": list(one.rows)}
        for one in uncovered(facts_of(spec, artifacts, ledger))
    ]


def facts_of(spec: Spec, artifacts: Artifacts, ledger: Mapping[str, Any] | None) -> RunFacts:
    """The facts that `uncovered` asks for; arguments as of `uncovered_of`."""
    data, trained, audit = artifacts["ingest"], artifacts["train"], artifacts["audit"]
    history = _json(trained, "history.json")
    validated, before = _validated(artifacts, "train"), _validated(artifacts, "pretrain")
    findings = from_bytes((audit.path / "findings.json").read_bytes())
    beside = [artifact.manifest for name, artifact in artifacts.items() if name.startswith("train ")]
    private = [manifest for manifest in beside if manifest.details.get("privacy")]
    return RunFacts(
        secret_noise=all(mechanism["secret_noise"] for mechanism in _mechanisms(artifacts)),
        preprocessing=_preprocessing(artifacts),
        schema_inferred=_inferred(spec, _json(data, "schema.json")),
        row_count_released=bool(data.manifest.details["splits"]),
        datasheet_released=(data.path / "datasheet.json").exists(),
        clients_told=_there(trained, "clients.json"),
        train_losses_released=any(entry.get("train_loss") is not None for entry in history),
        epoch_by_validation=before
        or (validated and (spec.train.keep == "best" or spec.train.patience is not None)),
        validation_losses_released=validated or before,
        calibrated_on_validation="temperature" in artifacts["calibrate"].manifest.details,
        test_metrics_released=audit.manifest.details["rows"] > 0,
        examples_released=_shows_rows(findings["explanation"].values) or _has_pictures(audit),
        pretraining=_pretraining(artifacts),
        representation_scored=_there(artifacts.get("pretrain"), "evaluation.json"),
        uncounted_trials=_other_runs(ledger),
        plain_models=len(beside) - len(private),
        private_models=len(private),
        mitigated_by=_mitigated_by(spec),
        baselines_released=bool(findings["performance"].values.get("baselines")),
        train_values_released=_starts_from_train_rows(findings),
        members_attacked=_attacked_members(findings.get("privacy")),
        shadows_trained="lira" in _told_apart(findings.get("privacy")),
        dealt_together=data.manifest.details["dealt"] > 0 or _few_labels(spec),
        sets_by_validation=any(part in findings["robustness"].values for part in _SETS),
    )


def _mechanisms(artifacts: Artifacts) -> Iterator[Mapping[str, Any]]:
    """Of training, and of pretraining where that was private, too."""
    for name in ("pretrain", "train"):
        if name in artifacts and artifacts[name].manifest.details.get("privacy"):
            yield artifacts[name].manifest.details["privacy"]


def _inferred(spec: Spec, schema: Mapping[str, Any]) -> bool:
    """Whether the rows told a kind, a class or the edge of a group: classes always are."""
    declared = all(column["why"].startswith("declared") for column in schema["columns"])
    return bool(schema["classes"]) or not declared or not set(schema["bands"]) <= set(spec.data.bands)


def _shows_rows(section: Mapping[str, Any]) -> bool:
    """Whether any method, or the browser of errors, shows single rows."""
    return any(key == "examples" and value for key, value in _entries(section))


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, however deep."""
    if isinstance(value, list):
        for inner in value:
            yield from _entries(inner)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield key, inner
            yield from _entries(inner)


def _has_pictures(audit: Artifact) -> bool:
    return any((audit.path / "pictures").iterdir())


def _preprocessing(artifacts: Artifacts) -> Any:
    """Training keeps what pretraining made or was given."""
    said = artifacts["train"].manifest.details["preprocessing"]
    return artifacts["pretrain"].manifest.details["preprocessing"] if said == "pretraining" else said


def _pretraining(artifacts: Artifacts) -> Any:
    """On what: its own noise counts only where training composed it into its epsilon."""
    if "pretrain" not in artifacts:
        return "none"
    return "composed" if artifacts["pretrain"].manifest.details.get("privacy") else "train rows"


def _validated(artifacts: Artifacts, stage: str) -> bool:
    """Whether validation rows had a loss; of pretraining they then always tell the epoch that was kept."""
    history = _json(artifacts[stage], "history.json") if _there(artifacts.get(stage), "history.json") else ()
    return any(entry.get("validation_loss") is not None for entry in history)


def _there(artifact: Artifact | None, name: str) -> bool:
    return artifact is not None and (artifact.path / name).exists()


def _other_runs(ledger: Mapping[str, Any] | None) -> int:
    """Runs on the same rows that are no part of this version."""
    return 0 if ledger is None else sum(run["run"] not in ledger["own"] for run in ledger["runs"])


def _mitigated_by(spec: Spec) -> Any:
    if spec.mitigate is None:
        return "nothing"
    return "train rows" if METHODS[spec.mitigate.method].trains else "validation rows"


def _starts_from_train_rows(findings: Mapping[str, Findings]) -> bool:
    methods = findings["explanation"].values.get("methods", {})
    stressed = findings["stress"].values
    return bool(set(methods) - {_EXPLAINED_ALONE}) or any(t in stressed for t in _STRESSED_BY_TRAIN_ROWS)


def _attacked_members(found: Findings | None) -> bool:
    """Whether an attack that asks has numbers: what is only missing tells nothing of a row."""
    asked = found is not None and "epsilon_lower_black_box" in found.values
    return asked or bool(_told_apart(found))


def _told_apart(found: Findings | None) -> set[str]:
    """Membership attacks that have numbers."""
    attacks = {} if found is None else found.values.get("membership", {})
    return {name for name, attack in attacks.items() if "mia_auc" in attack}


def _few_labels(spec: Spec) -> bool:
    return spec.train.label_fraction < 1 or spec.train.labels_per_class is not None


def _json(artifact: Artifact, name: str) -> Any:
    return json.loads((artifact.path / name).read_bytes())
