"""Join what the audits found into the one dict that becomes report.json."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..findings import Findings, pointer
from ..policy import Verdict
from .identity import volatile_pointers
from .numerals import settle
from .pointers import resolve
from .schema import SCHEMA_VERSION

__all__ = ["assemble", "with_policy"]

ROOMS = (
    "performance",
    "comparisons",
    "calibration",
    "fairness",
    "slices",
    "mitigation",
    "adaptation",
    "explanation",
    "robustness",
    "privacy",
    "carbon",
    "variation",
)
"""Sections that audits fill, in the order of the report."""

_NOT_ASKED = {
    "/comparisons": "Not asked for: the policy compares with no other version.",
    "/privacy": "Not asked for: trained without differential privacy, and no privacy attack was run.",
    "/mitigation": "Not asked for: the model is used as it was trained.",
    "/adaptation": "Not asked for: no other domain was named; how the model does there is unknown.",
    "/variation": "Not asked for: one seed was trained; how another would differ is unknown.",
    "/compression": "Not asked for: the model is audited as it was trained.",
}
_NOT_MEASURED = "Not measured in this run."
_NO_POLICY = "The spec declares no limits, so there is no verdict."


def assemble(
    *,
    model: Mapping[str, Any],
    card: Mapping[str, Any],
    data: Mapping[str, Any],
    training: Mapping[str, Any] | None,
    findings: Mapping[str, Findings],
    lineage: Mapping[str, Any],
    evidence: Mapping[str, str],
    missing: Mapping[str, str],
    created: str,
    version: int | None,
) -> dict[str, Any]:
    """One report without a verdict yet (see `with_policy`).

    Args:
        model: name, task, classes, digests; the version number comes from `version`.
        card: what people declared; nothing of it is generated.
        data: source, digest, rows, splits, columns, datasheet.
        training: stages with their seconds, kWh and history; None for a model that was not trained here.
        findings: what each of `ROOMS` found; a room that is not there ends in `missing`.
        lineage: artifacts, code, environment, engine, spec.
        evidence: JSON pointer to digest of the artifact that proves that part.
        missing: JSON pointer to reason, for whatever the caller knows to be absent.
        created: time of the audit, RFC 3339.
        version: number of the version, None before it has one.

    Returns:
        The report as plain JSON. Missing pointers of findings are prefixed with their section; a number that
        is not finite is left out and listed in `missing`.
    """
    assert findings.keys() <= set(ROOMS), findings.keys()
    body: dict[str, Any] = {"model": {**model, "version": version}, "card": card, "data": data}
    body |= {} if training is None else {"training": training}
    body |= {name: findings[name].values for name in ROOMS if name in findings and findings[name].values}
    settled, lost = settle(body | {"lineage": lineage})
    report = {
        "schema_version": SCHEMA_VERSION,
        "created": created,
        "volatile": [],
        **settled,
        "signatures": [],
        "evidence": {},
        "missing": dict(sorted((_reasons(findings, body) | lost | dict(missing)).items())),
    }
    # What is absent needs no proof: a regression has no calibration, whatever the caller lists.
    proofs = {
        place: digest for place, digest in sorted(evidence.items()) if resolve(report, place) is not None
    }
    return report | {"evidence": proofs, "volatile": volatile_pointers(report)}


def _reasons(findings: Mapping[str, Findings], body: Mapping[str, Any]) -> dict[str, str]:
    """Why sections are absent, and what the audits say is missing inside theirs."""
    reasons = {pointer(name): _NOT_MEASURED for name in (*ROOMS, "training")}
    reasons |= dict(_NOT_ASKED) | {"/policy": _NO_POLICY}
    reasons = {place: why for place, why in reasons.items() if place.removeprefix("/") not in body}
    for name, found in findings.items():
        reasons |= {pointer(name) + place: why for place, why in found.missing.items()}
    return reasons


def with_policy(
    report: Mapping[str, Any], verdict: Verdict, waivers: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """The report with a verdict on it; the report that was given stays as it is.

    Args:
        report: what `assemble` returned.
        verdict: what `policy.evaluate` said of it. Without checks there is no verdict to show, and the report
            keeps saying so under `missing`.
        waivers: signed waivers that apply to this version.
    """
    if not verdict.checks:
        return dict(report)
    policy, _ = settle(verdict.to_json() | {"waivers": list(waivers)}, "/policy")
    judged = {**report, "policy": policy}
    judged["missing"] = {place: why for place, why in report["missing"].items() if place != "/policy"}
    return judged | {"volatile": volatile_pointers(judged)}
