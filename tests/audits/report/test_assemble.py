"""Findings become one report: prefixed, finite, with a reason for every absence."""

import copy
import json
import math
from typing import Any

import numpy as np
from assay.audits.findings import Findings
from assay.audits.policy import Verdict
from assay.audits.report import assemble, with_policy
from assay.audits.report.assemble import ROOMS


def assembled(
    *, missing: Any = (), evidence: Any = (), data: Any = (("source", "s"),), **findings: Findings
) -> dict[str, Any]:
    rest: dict[str, Any] = {
        "model": {"name": "m", "task": "binary"}, "card": {}, "data": dict(data),
        "training": None, "lineage": {"artifacts": []}, "evidence": dict(evidence), "missing": dict(missing),
        "created": "2026-01-31T12:00:00Z", "version": 1,
    }  # fmt: skip
    return assemble(findings=findings, **rest)


def test_a_missing_pointer_of_a_finding_is_prefixed_with_its_section():
    found = Findings(values={"attributes": {}}, missing={"/attributes/a~1b": "too small"})
    assert assembled(fairness=found)["missing"]["/fairness/attributes/a~1b"] == "too small"


def test_what_was_not_measured_or_asked_for_is_missing_with_a_reason():
    report = assembled()
    for section in (*ROOMS, "training", "privacy", "compression", "policy"):
        assert section not in report
        assert report["missing"][f"/{section}"]


def test_the_callers_reason_wins():
    assert (
        assembled(missing={"/training": "audited from a file"})["missing"]["/training"]
        == "audited from a file"
    )


def test_a_number_that_is_not_finite_is_left_out_and_listed():
    broken = {"value": math.nan, "low": 0.0, "high": 1.0}
    report = assembled(performance=Findings(values={"split": "test", "n": 3, "metrics": {"auroc": broken}}))
    assert report["performance"]["metrics"] == {}
    assert "finite" in report["missing"]["/performance/metrics/auroc"]
    json.dumps(report, allow_nan=False)


def test_an_unbounded_side_of_a_gate_is_null():
    number = {"value": 0.1, "low": 0.0, "high": 1.0, "one_sided": (-math.inf, 0.9)}
    report = assembled(performance=Findings(values={"split": "test", "n": 3, "metrics": {"auroc": number}}))
    assert report["performance"]["metrics"]["auroc"]["one_sided"] == [None, 0.9]
    assert "/performance/metrics/auroc" not in report["missing"]


def test_numbers_of_numpy_become_plain_json_of_twelve_digits():
    report = assembled(data={"source": "s", "rows": np.int64(7), "splits": {"train": np.int32(5)}})
    assert json.dumps(report["data"]) == '{"source": "s", "rows": 7, "splits": {"train": 5}}'
    third = assembled(calibration=Findings(values={"metrics": {}, "temperature": np.float64(1 / 3)}))
    assert third["calibration"]["temperature"] == 0.333333333333


def test_evidence_of_an_absent_part_is_left_out():
    report = assembled(evidence={"/calibration": "ab" * 16, "/data": "cd" * 16})
    assert report["evidence"] == {"/data": "cd" * 16}


def test_a_verdict_joins_a_copy(make: Any):
    report = make("multiclass")
    before = copy.deepcopy(report)
    judged = with_policy(report, Verdict(status="inconclusive", reason="no policy"))
    assert report == before
    assert judged["missing"]["/policy"], "without checks there is no verdict to show"
    binary = make("binary")
    assert binary["policy"]["status"] == "fail"
    assert "/policy" not in binary["missing"]
