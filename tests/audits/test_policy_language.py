"""Confidence, split and comparison: what a check may ask, and how the report answers it."""

import numpy as np
import pytest
from assay.audits import performance
from assay.audits.policy import Check, evaluate, validate
from assay.audits.predictions import Predictions
from assay.platform.exceptions import SpecError
from hypothesis import given
from hypothesis import strategies as st


def number(lower, upper, **more):
    return {"value": (lower + upper) / 2, "low": lower, "high": upper, "one_sided": [lower, upper], **more}


REPORT = {
    "performance": {
        "metrics": {"accuracy": number(0.80, 0.84, one_sided_at={"0.99": [0.78, 0.86]})},
        "validation": {"n": 50, "metrics": {"accuracy": number(0.85, 0.95)}},
    },
    "comparisons": {
        "production": {"performance": {"accuracy": number(-0.02, 0.01), "log_loss": number(-0.03, 0.02)}},
        "2": {"performance": {"accuracy": number(-0.2, -0.1)}},
    },
    "missing": {"/comparisons/staging": "there is no staging version yet"},
}


@pytest.mark.parametrize(
    ("check", "status"),
    [
        (Check(metric="accuracy", min=0.79), "pass"),
        (Check(metric="accuracy", min=0.79, confidence=0.99), "inconclusive"),
        (Check(metric="accuracy", min=0.77, confidence=0.99), "pass"),
        (Check(metric="accuracy", min=0.5, confidence=0.9), "inconclusive"),  # no such bound was measured
        (Check(metric="accuracy", min=0.845, split="validation"), "pass"),
        (Check(metric="accuracy", not_worse_than="production", by=0.02), "pass"),
        (Check(metric="accuracy", not_worse_than="production", by=0.01), "inconclusive"),
        (Check(metric="log_loss", not_worse_than="production", by=0.02), "pass"),  # less is better
        (Check(metric="log_loss", not_worse_than="production", by=0.01), "inconclusive"),
        (Check(metric="accuracy", not_worse_than=2, by=0.05), "fail"),
        (Check(metric="accuracy", not_worse_than="staging"), "inconclusive"),
    ],
)
def test_a_check_is_answered_by_the_number_and_bound_that_it_asks_for(check, status):
    validate((check,), sensitive=())
    assert evaluate((check,), REPORT).checks[0].status == status


def test_what_is_lacking_is_said():
    def reason(**asked):
        return evaluate((Check(metric="accuracy", **asked),), REPORT).checks[0].reason

    assert reason(min=0.5, confidence=0.9) == "no bounds at 90% confidence were measured"
    assert reason(not_worse_than="staging") == "not measured: there is no staging version yet"


@pytest.mark.parametrize(
    "check",
    [
        Check(metric="accuracy", min=0.5, confidence=0.5),
        Check(metric="accuracy", min=0.5, confidence=1.0),
        Check(metric="accuracy", not_worse_than="production", by=-0.1),
        Check(metric="accuracy", not_worse_than="production", by=float("nan")),
        Check(metric="accuracy", min=0.5, by=0.1),
        Check(metric="accuracy", min=0.5, not_worse_than="production"),
        Check(metric="accuracy", not_worse_than="production", split="validation"),
        Check(metric="demographic_parity_difference", over="sex", not_worse_than="production"),
        Check(metric="accuracy", over="sex", not_worse_than="production"),
        Check(metric="expected_calibration_error", split="validation", max=0.1),
        Check(metric="kwh", not_worse_than="production"),
    ],
)
def test_what_can_not_be_answered_is_refused(check):
    with pytest.raises(SpecError):
        validate((check,), sensitive=("sex",))


def drawn(rows: int, by: float, rng: np.random.Generator) -> tuple[Predictions, Predictions]:
    """Two versions, the first truly worse by `by`: it errs where the other doesn't, row by row."""
    true = rng.integers(0, 2, rows)
    other = np.where(rng.random(rows) < 0.1, 1 - true, true)
    ours = np.where(rng.random(rows) < by, 1 - true, true)
    other = np.where(ours != true, true, other)  # where ours errs the other is right
    kept = {"task": "binary", "classes": ("no", "yes"), "positive": "yes", "rows": np.arange(rows)}
    return tuple(Predictions(**kept, y_true=true, y_pred=p, scores=None) for p in (ours, other))  # type: ignore


@pytest.mark.parametrize(("rows", "loss"), [(20, 0.05), (100, 0.03), (1000, 0.01)])
def test_a_version_that_is_worse_by_exactly_the_limit_hardly_ever_passes(rows, loss):
    rng, passed, draws = np.random.default_rng(rows), 0, 400
    truth = -loss + 0.1 * (1 - loss)  # the other errs on a tenth of the rows on which ours doesn't
    for _ in range(draws):
        found = performance.compare(*drawn(rows, loss, rng)).values
        passed += found["accuracy"]["one_sided"][0] >= truth
    assert passed / draws <= 0.05 + 3 * (0.05 * 0.95 / draws) ** 0.5


@given(st.floats(-0.5, 0.5), st.floats(0, 0.3), st.floats(0, 0.5), st.booleans())
def test_a_larger_allowance_never_turns_a_pass_into_less(value, reach, by, less_is_better):
    metric = "log_loss" if less_is_better else "accuracy"
    found = {metric: number(value - reach, value + reach)}
    report = {"comparisons": {"production": {"performance": found}}}
    rank = {"fail": 0, "inconclusive": 1, "pass": 2}
    strict, lax = (
        rank[evaluate((Check(metric=metric, not_worse_than="production", by=b),), report).status]
        for b in (by, by + 0.1)
    )
    assert strict <= lax
