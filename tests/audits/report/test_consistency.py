"""Contradictions inside a report, and differences between two."""

import copy
import json
import math
from typing import Any

from assay.audits.report import differences, faults


def test_a_sound_report_has_no_fault(report: dict[str, Any]):
    assert faults(report) == []


def test_a_value_outside_its_interval_is_a_fault(binary: dict[str, Any]):
    binary["performance"]["metrics"]["accuracy"]["low"] = 0.99
    assert [fault.pointer for fault in faults(binary)] == ["/performance/metrics/accuracy"]


def test_a_place_that_is_there_and_missing_is_a_fault(binary: dict[str, Any]):
    binary["missing"]["/performance"] = "lost"
    binary["evidence"]["/compression"] = "ab" * 16
    assert {fault.pointer for fault in faults(binary)} == {"/performance", "/compression"}


def test_a_nan_that_was_smuggled_in_is_a_fault(binary: dict[str, Any]):
    binary["calibration"]["temperature"] = math.nan
    assert [fault.pointer for fault in faults(binary)] == ["/calibration/temperature"]


def test_a_report_equals_itself_after_a_trip_through_json(report: dict[str, Any]):
    assert differences(report, json.loads(json.dumps(report))) == []


def test_an_edited_number_is_named_and_the_last_bits_are_not(binary: dict[str, Any]):
    again = copy.deepcopy(binary)
    again["performance"]["metrics"]["auroc"]["value"] *= 1 + 1e-12
    assert differences(binary, again) == []
    again["fairness"]["attributes"]["sex"]["groups"]["Female"]["n"] += 1
    again["created"] = "2030-01-01T00:00:00Z"
    (fault,) = differences(binary, again)
    assert fault.pointer == "/fairness/attributes/sex/groups/Female/n"
    assert "5421" in fault.message
    assert "5422" in fault.message


def test_a_number_that_vanished_and_one_that_appeared_are_named(binary: dict[str, Any]):
    again = copy.deepcopy(binary)
    del again["calibration"]["temperature"]
    again["performance"]["metrics"]["f1"] = {"value": 0.5, "low": 0.4, "high": 0.6}
    places = [fault.pointer for fault in differences(binary, again)]
    assert places == [
        "/calibration/temperature",
        *(f"/performance/metrics/f1/{k}" for k in ("value", "low", "high")),
    ]
