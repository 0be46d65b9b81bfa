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

_NOT_ASKED = {
    "/privacy": "Not asked for: trained without differential privacy, and no privacy attack was run.",
    "/robustness": "Not asked for: changed, corrupted or adversarial inputs were not tried.",
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
    performance: Findings | None,
    calibration: Findings | None,
    fairness: Findings | None,
    explanation: Findings | None,
    carbon: Findings | None,
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
        performance: findings; None where the audit was not made (likewise the next four).
        calibration: findings.
        fairness: findings.
        explanation: findings.
        carbon: findings.
        lineage: artifacts, code, environment, engine, spec.
        evidence: JSON pointer to digest of the artifact that proves that part.
        missing: JSON pointer to reason, for whatever the caller knows to be absent.
        created: time of the audit, RFC 3339.
        version: number of the version, None before it has one.

    Returns:
        The report as plain JSON. Missing pointers of findings are prefixed with their section; a number that
        is not finite is left out and listed in `missing`.
    """
    rooms: dict[str, Findings | None] = {
        "performance": performance,
        "calibration": calibration,
        "fairness": fairness,
        "explanation": explanation,
        "carbon": carbon,
    }
    body: dict[str, Any] = {"model": {**model, "version": version}, "card": card, "data": data}
    body |= {} if training is None else {"training": training}
    body |= {name: found.values for name, found in rooms.items() if found is not None and found.values}
    settled, lost = settle(body | {"lineage": lineage})
    report = {
        "schema_version": SCHEMA_VERSION,
        "created": created,
        "volatile": [],
        **settled,
        "signatures": [],
        "evidence": {},
        "missing": dict(sorted((_reasons(rooms, body) | lost | dict(missing)).items())),
    }
    # What is absent needs no proof: a regression has no calibration, whatever the caller lists.
    proofs = {
        place: digest for place, digest in sorted(evidence.items()) if resolve(report, place) is not None
    }
    return report | {"evidence": proofs, "volatile": volatile_pointers(report)}


def _reasons(rooms: Mapping[str, Findings | None], body: Mapping[str, Any]) -> dict[str, str]:
    """Why sections are absent, and what the audits say is missing inside theirs."""
    reasons = dict(_NOT_ASKED) | {"/policy": _NO_POLICY}
    reasons |= {pointer(name): _NOT_MEASURED for name in (*rooms, "training") if name not in body}
    for name, found in rooms.items():
        reasons |= {pointer(name) + place: why for place, why in (found.missing if found else {}).items()}
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
