"""Findings as the bytes of `findings.json`, and back; light, so that a report is made without the models."""

import json
from collections.abc import Mapping

from ..audits.findings import Findings
from ..platform.store import canonical_json

__all__ = ["from_bytes", "to_bytes"]


def to_bytes(findings: Mapping[str, Findings]) -> bytes:
    """Findings as canonical JSON."""
    return canonical_json(
        {name: {"values": found.values, "missing": found.missing} for name, found in findings.items()}
    )


def from_bytes(content: bytes) -> dict[str, Findings]:
    """Findings that `to_bytes` wrote."""
    return {name: Findings(**found) for name, found in json.loads(content).items()}
