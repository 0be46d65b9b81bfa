"""Required evidence: where a path leads, what is absent, and which paths no report could have."""

import pytest
from assay.audits.evidence import check_path, lacking
from assay.audits.policy import Check, evaluate, validate
from assay.platform.exceptions import SpecError

REPORT = {
    "explanation": {"faithfulness": {"integrated_gradients_deletion_advantage": {"value": 0.1}}},
    "fairness": {
        "attributes": {"sex": {"groups": {}, "differences": {"x": {"value": 0}}}},
        "intersections": {},
    },
    "calibration": {"metrics": {}},
    "missing": {
        "/privacy": "no attack was run",
        "/fairness/attributes/race": "race is empty",
        "/calibration/metrics/expected_calibration_error": "calibration needs at least two rows",
    },
}


@pytest.mark.parametrize(
    "path", ["explanation", "explanation.faithfulness", "fairness.sex", "fairness.attributes.sex"]
)
def test_evidence_that_is_there_is_found_with_keys_between_left_out(path):
    assert lacking([path], REPORT) == []


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("privacy.audited", "no attack was run"),
        ("fairness.race", "race is empty"),
        ("calibration.expected_calibration_error", "calibration needs at least two rows"),
        ("robustness", "it is not in the report"),
        ("calibration.metrics", "it is not in the report"),
    ],
)
def test_absent_or_empty_evidence_is_named_with_the_reports_reason(path, why):
    assert lacking([path], REPORT) == [f"{path}: {why}"]


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("explanation.faithfullness", "did you mean 'faithfulness'"),
        ("fairness.sexx", "did you mean 'sex'"),
        ("calibratoin", "did you mean 'calibration'"),
        ("privacy.audit", "did you mean 'audited'"),
        ("policy.status", "known:"),
        ("performance.acuracy", "did you mean 'accuracy'"),
        ("", "known:"),
    ],
)
def test_a_path_that_no_report_has_is_refused_with_the_nearest(path, hint):
    with pytest.raises(SpecError, match=hint):
        check_path(path, sensitive=("sex", "race"))


def test_a_policy_is_inconclusive_where_evidence_is_absent_and_passes_where_it_is_there():
    there, absent = Check(requires=("fairness.sex",)), Check(requires=("fairness.sex", "privacy.audited"))
    validate((there, absent), sensitive=("sex",))
    verdict = evaluate((there, absent), REPORT)
    assert [result.status for result in verdict.checks] == ["pass", "inconclusive"]
    assert verdict.checks[1].reason == "privacy.audited: no attack was run"


@pytest.mark.parametrize(
    "check",
    [Check(), Check(metric="accuracy", requires=("fairness",)), Check(requires=("fairness",), min=0.5)],
)
def test_required_evidence_has_nothing_beside_it(check):
    with pytest.raises(SpecError):
        validate((check,), sensitive=())
