"""What the rows of a dataset say: measured by the audit stage, and again by `assay verify`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..audits import data as data_audit
from ..audits.config import AuditConfig
from ..audits.findings import Findings
from ..audits.predictions import Predictions
from ..platform.data.dataset import Dataset

__all__ = ["audit_rows", "shown"]


def audit_rows(dataset: Path, predictions: Predictions, config: AuditConfig) -> Findings:
    """Audit the rows of a dataset artifact.

    Args:
        dataset: its folder.
        predictions: of its test rows.
        config: its confidence counts here.
    """
    data = Dataset.open(dataset)
    splits = {name: data.table(name) for name in ("train", "validation")} | {"test": data.test_table()}
    rows = data_audit.Rows(splits, data.schema)
    return data_audit.measure(rows, data.datasheet, predictions, confidence=config.confidence)


def shown(findings: Mapping[str, Findings]) -> tuple[dict[str, Any], dict[str, str]]:
    """What the report's section on data holds of these findings, and what is missing there."""
    if "data" not in findings:
        return {}, {"/data/metrics": "The rows were not audited: only predictions are known."}
    found = findings["data"]
    return found.values, {f"/data{place}": why for place, why in found.missing.items()}
