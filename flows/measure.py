"""What is measured from predictions alone: done once by the audit stage, and again by `assay verify`."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from ..audits import calibration, fairness, performance
from ..audits.config import AuditConfig
from ..audits.findings import Findings
from ..audits.predictions import Predictions

_FOLDER = "predictions"
_BASELINE = "baseline_"


@dataclasses.dataclass(frozen=True)
class Evidence:
    """Predictions of the test rows: the model's, and each baseline's on the same rows."""

    model: Predictions
    baselines: Mapping[str, Predictions]

    def save(self, folder: Path) -> None:
        """One parquet file each, below `folder/predictions`."""
        (folder / _FOLDER).mkdir()
        self.model.to_parquet(folder / _FOLDER / "test.parquet")
        for name, predictions in self.baselines.items():
            predictions.to_parquet(folder / _FOLDER / f"{_BASELINE}{name}.parquet")

    @classmethod
    def load(cls, folder: Path) -> "Evidence":
        """What `save` wrote."""
        baselines = {
            path.stem.removeprefix(_BASELINE): Predictions.from_parquet(path)
            for path in sorted((folder / _FOLDER).glob(f"{_BASELINE}*.parquet"))
        }
        return cls(Predictions.from_parquet(folder / _FOLDER / "test.parquet"), baselines)


def measure(evidence: Evidence, config: AuditConfig) -> dict[str, Findings]:
    """Performance, calibration and fairness, by section of the report; deterministic."""
    return {
        "performance": performance.measure(
            evidence.model, confidence=config.confidence, baselines=evidence.baselines
        ),
        "calibration": calibration.measure(
            evidence.model, config=config.fairness, confidence=config.confidence
        ),
        "fairness": fairness.measure(evidence.model, config=config.fairness),
    }
