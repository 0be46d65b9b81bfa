"""What stays the same when the same spec runs again: the report without its volatile fields."""

import copy
import hashlib
import json
from typing import Any

from .pointers import resolve, tokens, within

__all__ = ["canonical", "identity", "volatile_pointers", "without_volatile"]

_ALWAYS = (
    "/created",
    "/model/version",
    "/privacy/cumulative",
    "/privacy/odds/cumulative",
    "/carbon",
    "/training/federated/energy",
    "/training/federated/secure/seconds",
    "/lineage/environment",
    "/signatures",
    "/policy/waivers",
)
_OF_A_STAGE = ("seconds", "kwh", "cached", "resumed_from")
_VOLATILE_METRICS = ("kwh", "kg_co2e", "epsilon_cumulative")
_OF_A_CHECK = ("value", "low", "high", "n", "one_sided", "status", "reason")


def volatile_pointers(report: dict[str, Any]) -> list[str]:
    """Pointers that two runs of one spec may fill differently: clocks, energy, cache hits, version, ledger.

    A gate on energy, or on all that was spent on the rows, is as volatile as these: the whole verdict is.
    """
    found = [place for place in _ALWAYS if resolve(report, place) is not None]
    for index, stage in enumerate(report.get("training", {}).get("stages", [])):
        found += [f"/training/stages/{index}/{key}" for key in _OF_A_STAGE if key in stage]
    mitigated = report.get("mitigation", {})
    found += ["/mitigation/cost"] if "cost" in mitigated else []
    for index, one in enumerate(mitigated.get("candidates", [])):
        found += [f"/mitigation/candidates/{index}/seconds"] if "seconds" in one else []
    for index, check in enumerate(report.get("policy", {}).get("checks", [])):
        if check["metric"] in _VOLATILE_METRICS:
            found += [f"/policy/checks/{index}/{key}" for key in _OF_A_CHECK if key in check] + [
                "/policy/status",
                "/policy/reason",
            ]
    return sorted(set(found))


def without_volatile(report: dict[str, Any]) -> dict[str, Any]:
    """A copy without the volatile fields, what `missing` and `evidence` say of them, and their list."""
    kept = copy.deepcopy(report)
    places = kept.pop("volatile", [])
    for place in places:
        *above, last = tokens(place)
        parent = resolve(kept, "".join("/" + t.replace("~", "~0").replace("/", "~1") for t in above))
        if isinstance(parent, dict):
            parent.pop(last, None)
    for table in ("missing", "evidence"):
        if table in kept:
            kept[table] = {
                key: value
                for key, value in kept[table].items()
                if not any(within(key, place) for place in places)
            }
    return kept


def canonical(document: Any) -> bytes:
    """Canonical JSON: keys sorted, no spaces, UTF-8, no NaN."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


def identity(report: dict[str, Any]) -> str:
    """SHA-256, hex, of the canonical JSON without the volatile fields: equal for equal findings."""
    return hashlib.sha256(canonical(without_volatile(report))).hexdigest()
