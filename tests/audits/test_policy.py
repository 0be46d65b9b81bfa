import subprocess
import sys

import numpy as np
import pytest
from assay.audits import calibration, fairness, performance
from assay.audits.config import FairnessConfig
from assay.audits.policy import METRICS, Check, evaluate, validate
from assay.audits.predictions import Predictions
from assay.platform.exceptions import SpecError
from hypothesis import given
from hypothesis import strategies as st


def estimate(low, high, value=None, **more):
    return {
        "value": (low + high) / 2 if value is None else value,
        "low": low,
        "high": high,
        "one_sided": [low, high],
        **more,
    }


def judged(check: Check, report: dict):
    return evaluate((check,), report).checks[0]


def group(low, high, small=False):
    return {"n": 50, "small": small, "metrics": {"accuracy": estimate(low, high)}}


@pytest.fixture
def report():
    return {
        "performance": {"metrics": {"accuracy": estimate(0.80, 0.84)}},
        "calibration": {
            "metrics": {"expected_calibration_error": estimate(0.01, 0.03)},
            "groups": {
                "sex": {
                    "f": {"n": 9, "small": True, "metrics": {"expected_calibration_error": estimate(0, 0.02)}}
                }
            },
        },
        "fairness": {
            "attributes": {
                "sex": {
                    "groups": {"f": group(0.7, 0.9), "m": group(0.8, 0.95), "x": group(0.9, 1.0, small=True)},
                    "differences": {"demographic_parity_difference": estimate(0.05, 0.15)},
                    "ratios": {"demographic_parity_ratio": estimate(0.7, 0.9)},
                }
            },
            "intersections": {
                "sex × race": {
                    "groups": {},
                    "differences": {"demographic_parity_difference": estimate(0.1, 0.3, excluded=["f × b"])},
                }
            },
        },
        "carbon": {"kwh": 0.02, "kg_co2e": estimate(0.001, 0.02)},
        "missing": {
            "/performance/metrics/auroc": "only one class is present",
            "/explanation": "not asked for",
        },
    }


@pytest.mark.parametrize(
    ("check", "status"),
    [
        (Check(metric="accuracy", min=0.79), "pass"),
        (Check(metric="accuracy", min=0.80), "pass"),
        (Check(metric="accuracy", min=0.82), "inconclusive"),
        (Check(metric="accuracy", min=0.85), "fail"),
        (Check(metric="accuracy", max=0.85), "pass"),
        (Check(metric="accuracy", max=0.79), "fail"),
        (Check(metric="accuracy", min=0.79, max=0.82), "inconclusive"),
        (Check(metric="accuracy", min=0.90, max=0.95), "fail"),
        (Check(metric="demographic_parity_difference", over="sex", max=0.2), "pass"),
        (Check(metric="demographic_parity_difference", over="sex", max=0.04), "fail"),
        (Check(metric="demographic_parity_ratio", over="sex", min=0.8), "inconclusive"),
        (Check(metric="demographic_parity_difference", over=("race", "sex"), max=0.05), "fail"),
        (Check(metric="accuracy", over="sex", group="m", min=0.75), "pass"),
        (Check(metric="expected_calibration_error", max=0.05), "pass"),
        (Check(metric="kwh", max=0.05), "pass"),
        (Check(metric="kwh", max=0.01), "fail"),
        (Check(metric="kg_co2e", max=0.01), "inconclusive"),
    ],
)
def test_a_check_passes_and_fails_by_its_bounds(report, check, status):
    assert judged(check, report).status == status


def test_a_gap_that_leaves_groups_out_never_passes(report):
    found = judged(Check(metric="demographic_parity_difference", over=("sex", "race"), max=0.9), report)
    assert found.status == "inconclusive"
    assert "too few rows" in found.reason


def test_a_group_that_is_too_small_never_passes_but_may_fail(report):
    assert judged(Check(metric="accuracy", over="sex", group="x", min=0.5), report).status == "inconclusive"
    assert judged(Check(metric="accuracy", over="sex", group="x", max=0.5), report).status == "fail"
    assert (
        judged(Check(metric="expected_calibration_error", over="sex", max=0.9), report).status
        == "inconclusive"
    )


def test_without_a_group_every_group_is_asked_and_the_worst_is_shown(report):
    del report["fairness"]["attributes"]["sex"]["groups"]["x"]
    found = judged(Check(metric="accuracy", over="sex", min=0.6), report)
    assert (found.status, found.pointer) == ("pass", "/fairness/attributes/sex/groups/f/metrics/accuracy")
    found = judged(Check(metric="accuracy", over="sex", min=0.75), report)
    assert (found.status, found.value) == ("inconclusive", 0.8)


def test_absent_evidence_is_inconclusive_with_the_reports_reason(report):
    found = judged(Check(metric="auroc", min=0.5), report)
    assert (found.status, found.reason) == ("inconclusive", "not measured: only one class is present")
    assert (
        judged(Check(metric="accuracy", over="sex", group="absent", min=0.1), report).status == "inconclusive"
    )
    assert judged(Check(metric="accuracy", over="race", min=0.1), report).status == "inconclusive"
    for check in (
        Check(metric="accuracy", min=0.1),
        Check(metric="kwh", max=9),
        Check(metric="accuracy", over="sex", min=0.1),
    ):
        assert judged(check, {}).status == "inconclusive"


@pytest.mark.parametrize("bounds", [[None, None], [float("nan"), float("nan")], [None, 0.1]])
def test_unknown_bounds_never_pass(bounds):
    report = {
        "performance": {
            "metrics": {"accuracy": {"value": 0.9, "low": None, "high": None, "one_sided": bounds}}
        }
    }
    assert judged(Check(metric="accuracy", min=0.5), report).status != "pass"


def test_a_verdict_fails_before_it_is_inconclusive_before_it_passes(report):
    passing, open_, failing = (Check(metric="accuracy", min=limit) for limit in (0.7, 0.82, 0.9))
    assert evaluate((passing,), report).status == "pass"
    assert evaluate((passing, open_), report).status == "inconclusive"
    assert evaluate((passing, open_, failing), report).status == "fail"
    assert evaluate((passing, open_, failing), report).reason == "of 3 checks: 1 fail, 1 inconclusive, 1 pass"


def test_no_policy_decides_nothing(report):
    found = evaluate((), report)
    assert (found.status, found.reason) == ("inconclusive", "no policy: nothing was decided")


def test_results_as_json_have_no_empty_keys(report):
    found = evaluate((Check(metric="accuracy", min=0.7), Check(metric="auroc", min=0.7)), report).to_json()
    assert found["checks"][0]["limit"] == {"min": 0.7}
    assert found["checks"][0]["pointer"] == "/performance/metrics/accuracy"
    assert "value" not in found["checks"][1]


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_no_interval_that_crosses_its_limit_passes(first, second, limit):
    low, high = sorted((first, second))
    report = {"performance": {"metrics": {"accuracy": estimate(low, high)}}}
    assert (judged(Check(metric="accuracy", min=limit), report).status == "pass") == (low >= limit)
    assert (judged(Check(metric="accuracy", max=limit), report).status == "pass") == (high <= limit)


@pytest.mark.parametrize(
    ("check", "says"),
    [
        (Check(metric="acuracy", min=0.8), "did you mean 'accuracy'"),
        (Check(metric="accuracy"), "no limit"),
        (Check(metric="accuracy", min=84), "out of its range"),
        (Check(metric="accuracy", min=float("nan")), "out of its range"),
        (Check(metric="accuracy", min=0.9, max=0.8), "exclude everything"),
        (Check(metric="demographic_parity_difference", max=0.1), "needs groups"),
        (Check(metric="demographic_parity_difference", over="age", max=0.1), "not sensitive"),
        (Check(metric="demographic_parity_difference", over="sex", group="f", max=0.1), "one group"),
        (Check(metric="log_loss", over="sex", max=0.1), "not measured by group"),
        (Check(metric="accuracy", group="f", min=0.1), "one group"),
        (Check(metric="expected_calibration_error", over=("sex", "race"), max=0.1), "intersections"),
        (Check(metric="r2", min=0.1), "does not exist for a binary task"),
    ],
)
def test_checks_that_no_report_could_answer_are_refused(check, says):
    with pytest.raises(SpecError, match=says):
        validate((check,), sensitive=("sex", "race"), task="binary")


def everything_measured(task: str) -> dict:
    """A report of random predictions."""
    rng = np.random.default_rng(0)
    classes = {"binary": ("a", "b"), "multiclass": ("a", "b", "c"), "regression": ()}[task]
    scores = rng.dirichlet(np.ones(len(classes)), 400) if classes else None
    predictions = Predictions(
        task=task,
        classes=classes,
        positive="b" if task == "binary" else None,
        rows=np.arange(400),
        y_true=rng.integers(0, len(classes), 400) if classes else rng.normal(size=400),
        y_pred=rng.normal(size=400) if scores is None else scores.argmax(axis=1),
        scores=scores,
        sensitive={"sex": rng.choice(["f", "m"], 400)},
    )
    return {
        "performance": performance.measure(predictions).values,
        "calibration": calibration.measure(predictions).values,
        "fairness": fairness.measure(predictions, FairnessConfig()).values,
    }


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_metric_of_the_table_is_measured_wherever_it_may_be_asked_for(task):
    report = everything_measured(task)
    for name, metric in METRICS.items():
        if task not in metric.tasks or "carbon" in metric.sections:
            continue
        overall, by_group = {"performance", "calibration"}, {"group", "difference", "ratio", "calibration"}
        for over, sections in ((None, overall), ("sex", by_group)):
            if sections & set(metric.sections):
                check = Check(metric=name, min=max(metric.range[0], -1e6), over=over)
                validate((check,), sensitive=("sex",), task=task)
                assert judged(check, report).status == "pass", (name, over)


def test_a_group_that_no_test_row_is_of_keeps_its_attribute_from_passing(report):
    gap = Check(metric="demographic_parity_difference", over="sex", max=0.2)
    every, one = (Check(metric="accuracy", over="sex", group=of, min=0.5) for of in (None, "f"))
    assert [judged(check, report).status for check in (gap, one)] == ["pass", "pass"]
    report["data"] = {"audit": {"absent_groups": {"sex": ["d"]}}}
    assert [judged(check, report).status for check in (gap, every, one)] == ["inconclusive"] * 2 + ["pass"]
    assert "d" in judged(gap, report).reason
    failing = Check(metric="demographic_parity_difference", over="sex", max=0.01)
    assert judged(failing, report).status == "fail"


@pytest.mark.parametrize("metric", ["label_leak", "copied_rows", "crossing_rows", "absent_groups"])
def test_what_rows_say_is_limited_like_any_metric_and_inconclusive_where_it_was_not_audited(metric):
    check = Check(metric=metric, max=0.5)
    validate((check,), sensitive=(), task="binary")
    assert judged(check, {}).status == "inconclusive"
    for value, status in ((0.2, "pass"), (0.9, "fail")):
        assert judged(check, {"data": {"metrics": {metric: estimate(value, value)}}}).status == status


def test_a_policy_is_judged_without_heavy_libraries():
    heavy = "{'torch', 'pandas', 'scipy', 'sklearn', 'numpy', 'pyarrow'}"
    code = (
        f"import sys, assay.audits.policy; assert not {heavy} & set(sys.modules), {heavy} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
