"""What is measured from predictions alone: done once by the audit stage, and again by `assay verify`."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from ..audits import calibration, fairness, mitigation, performance, robustness, slices
from ..audits.bounds import with_bounds
from ..audits.clients import inside
from ..audits.clients.owners import Owners
from ..audits.config import AuditConfig
from ..audits.findings import Findings
from ..audits.mitigation import Candidates
from ..audits.predictions import Predictions
from ..audits.privacy.measure import measure as measure_privacy
from ..audits.privacy.members import MemberEvidence
from ..audits.slices import Columns
from ..platform.privacy.canaries.scores import CANARIES, CANARY_ROWS, CanaryScores

_FOLDER = "predictions"
_BASELINE = "baseline_"
_COLUMNS = "columns.parquet"
_VALIDATION = "validation.parquet"
_MEMBERS = "members.parquet"
_OWNERS = "clients.parquet"


@dataclasses.dataclass(frozen=True)
class Evidence:
    """Predictions of the test rows: the model's, and each baseline's on the same rows.

    The model's predictions of the validation rows are what conformal sets and abstention are set by.
    """

    model: Predictions
    validation: Predictions | None
    """None where only the predictions of one split are known."""
    baselines: Mapping[str, Predictions]
    columns: Columns | None = None
    """Bins of the test rows' columns; None where only predictions are known."""
    candidates: Candidates | None = None
    """Of a mitigation; None where there was none."""
    members: MemberEvidence | None = None
    """Of rows that were trained on, and others; None where it isn't known which they are."""
    canaries: CanaryScores | None = None
    """Of the training; None where it had none."""
    canary_rows: CanaryScores | None = None
    """What the model says of rows with wrong labels; None where no rows were taken for it."""
    owners: Owners | None = None
    """Clients of the test rows; None where they belong to none."""

    def save(self, folder: Path) -> None:
        """One parquet file each, below `folder/predictions`."""
        (folder / _FOLDER).mkdir()
        self.model.to_parquet(folder / _FOLDER / "test.parquet")
        if self.validation is not None:
            self.validation.to_parquet(folder / _FOLDER / _VALIDATION)
        for name, predictions in self.baselines.items():
            predictions.to_parquet(folder / _FOLDER / f"{_BASELINE}{name}.parquet")
        if self.columns is not None:
            self.columns.to_parquet(folder / _FOLDER / _COLUMNS)
        if self.candidates is not None:
            self.candidates.save(folder / _FOLDER)
        if self.members is not None:
            self.members.to_parquet(folder / _FOLDER / _MEMBERS)
        if self.canaries is not None:
            self.canaries.to_parquet(folder / _FOLDER / CANARIES)
        if self.canary_rows is not None:
            self.canary_rows.to_parquet(folder / _FOLDER / CANARY_ROWS)
        if self.owners is not None:
            self.owners.to_parquet(folder / _FOLDER / _OWNERS)

    @classmethod
    def load(cls, folder: Path) -> "Evidence":
        """What `save` wrote."""
        columns, validation = folder / _FOLDER / _COLUMNS, folder / _FOLDER / _VALIDATION
        members = folder / _FOLDER / _MEMBERS
        baselines = {
            path.stem.removeprefix(_BASELINE): Predictions.from_parquet(path)
            for path in sorted((folder / _FOLDER).glob(f"{_BASELINE}*.parquet"))
        }
        return cls(
            model=Predictions.from_parquet(folder / _FOLDER / "test.parquet"),
            validation=Predictions.from_parquet(validation) if validation.exists() else None,
            baselines=baselines,
            columns=Columns.from_parquet(columns) if columns.exists() else None,
            candidates=Candidates.load(folder / _FOLDER),
            members=MemberEvidence.from_parquet(members) if members.exists() else None,
            canaries=CanaryScores.found(folder / _FOLDER / CANARIES),
            canary_rows=CanaryScores.found(folder / _FOLDER / CANARY_ROWS),
            owners=Owners.found(folder / _FOLDER / _OWNERS),
        )


def measure(evidence: Evidence, config: AuditConfig) -> dict[str, Findings]:
    """Every section that predictions alone are enough for; deterministic."""
    found = with_bounds(
        lambda confidence: _sections(evidence, at_confidence(config, confidence)),
        config.confidences,
        _sections(evidence, config),
    )
    found["slices"] = _slices(evidence, config)
    found["privacy"] = measure_privacy(
        evidence.canaries, evidence.members, config.privacy, confidences=config.confidences,
        canary_rows=evidence.canary_rows,
    )  # fmt: skip
    if evidence.candidates is not None:
        found["mitigation"] = mitigation.measure(evidence.candidates, config.fairness)
    if evidence.owners is not None:
        owners = evidence.owners
        found["clients"] = inside.measure(evidence.model, owners.clients, owners.column, config.fairness)
    return found


def _slices(evidence: Evidence, config: AuditConfig) -> Findings:
    if evidence.columns is None:
        return Findings(missing={"": "No columns are known beside the predictions: none were searched."})
    return slices.measure(evidence.model, evidence.columns, config.slices)


def at_confidence(config: AuditConfig, confidence: float) -> AuditConfig:
    """The same audit with two-sided intervals at another confidence."""
    grouped = dataclasses.replace(config.fairness, confidence=confidence)
    return dataclasses.replace(config, confidence=confidence, fairness=grouped)


def _sections(evidence: Evidence, config: AuditConfig) -> dict[str, Findings]:
    return {
        "performance": _performance(evidence, config.confidence),
        "calibration": calibration.measure(
            evidence.model, config=config.fairness, confidence=config.confidence
        ),
        "fairness": fairness.measure(evidence.model, config.fairness),
        "robustness": robustness.measure(evidence.validation, evidence.model, config),
    }


def _performance(evidence: Evidence, confidence: float) -> Findings:
    """The model's section; beside it each baseline's metrics, and the paired difference to them."""
    found = performance.measure(evidence.model, confidence=confidence)
    beside = Findings.gather(
        {
            name: Findings.gather(
                {
                    "metrics": _metrics_alone(performance.measure(baseline, confidence=confidence)),
                    "difference": performance.compare(evidence.model, baseline, confidence=confidence),
                }
            )
            for name, baseline in evidence.baselines.items()
        }
    )
    seen = _of_validation(evidence, confidence)
    return Findings(
        values=found.values | {"split": "test", "baselines": beside.values} | seen.values,
        missing=found.missing
        | {f"/baselines{place}": why for place, why in beside.missing.items()}
        | seen.missing,
    )


def _of_validation(evidence: Evidence, confidence: float) -> Findings:
    """The model's metrics on the rows that it was chosen by."""
    if evidence.validation is None:
        return Findings(missing={"/validation": "there are no validation rows"})
    found = performance.measure(evidence.validation, confidence=confidence)
    return Findings.gather(
        {"validation": Findings(
            values={"n": found.values["n"], "metrics": found.values["metrics"]},
            missing={place: why for place, why in found.missing.items() if place.startswith("/metrics")},
        )}
    )  # fmt: skip


def _metrics_alone(found: Findings) -> Findings:
    """Of a baseline only its metrics are shown."""
    inside = "/metrics"
    return Findings(
        values=found.values["metrics"],
        missing={
            place.removeprefix(inside): why
            for place, why in found.missing.items()
            if place.startswith(inside)
        },
    )
