"""Identity: what two runs of one spec share."""

import copy
import json
from typing import Any

from assay.audits.report import identity
from assay.audits.report.pointers import resolve


def rerun(report: dict[str, Any]) -> dict[str, Any]:
    """The same findings at another time, on another day's energy."""
    again = json.loads(json.dumps(report))
    again["created"] = "2027-02-03T04:05:06Z"
    again["model"]["version"] = 9
    again["lineage"]["environment"]["hostname"] = "elsewhere"
    again["carbon"]["kwh"]["value"] = 99.0
    again["training"]["stages"][0] |= {"seconds": 1.5, "cached": False}
    for check in again["policy"]["checks"]:
        if check["metric"] == "kwh":
            check |= {"value": 99.0, "status": "fail", "reason": "above the limit"}
    again["missing"]["/carbon/stages/0/kwh"] = "unread"
    return again


def test_time_energy_and_version_number_do_not_change_identity(binary: dict[str, Any]):
    assert identity(rerun(binary)) == identity(binary)


def test_a_number_does(binary: dict[str, Any]):
    other = copy.deepcopy(binary)
    other["performance"]["metrics"]["accuracy"]["value"] += 1e-9
    assert identity(other) != identity(binary)


def test_the_order_of_keys_does_not(report: dict[str, Any]):
    turned = {key: report[key] for key in reversed(report)}
    assert identity(turned) == identity(report)


def test_every_volatile_pointer_leads_somewhere(report: dict[str, Any]):
    absent = object()
    assert all(resolve(report, place, absent) is not absent for place in report["volatile"])


def test_a_verdict_is_volatile_only_where_the_policy_limits_energy(binary: dict[str, Any]):
    assert "/policy/status" in binary["volatile"]
    accuracy = [place for place in binary["volatile"] if place.startswith("/policy/checks/0")]
    assert accuracy == []
