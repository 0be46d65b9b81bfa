import numpy as np
import pytest
from assay.audits.config import AuditConfig
from assay.audits.predictions import Predictions
from assay.audits.robustness.family import Change, Outcome
from assay.audits.robustness.rates import Marks
from assay.audits.robustness.shifted_calibration import after_changes, recalibration, uncalibrated
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax


@given(st.integers(0, 1000), st.floats(0.3, 4.0))
def test_scores_before_scaling_are_recovered_from_those_after(seed, temperature):
    logits = np.random.default_rng(seed).normal(size=(20, 4)) * 2
    after = softmax(logits / temperature, axis=1)
    np.testing.assert_allclose(uncalibrated(after, temperature), softmax(logits, axis=1), atol=1e-9)


def bold(rows=4000, temperature=2.0):
    """Logits twice too large: scaling by 2 makes them honest."""
    rng = np.random.default_rng(0)
    odds = rng.normal(size=rows) * 1.5
    honest = 1 / (1 + np.exp(-odds))
    y_true = (rng.random(rows) < honest).astype(np.int64)
    assert temperature == 2.0
    return Predictions(
        task="binary", classes=("no", "yes"), positive="yes", rows=np.arange(rows), y_true=y_true,
        y_pred=(honest > 0.5).astype(np.int64), scores=np.stack([1 - honest, honest], axis=1),
        sensitive={"g": rng.choice(["a", "b"], rows)},
    )  # fmt: skip


def test_what_scaling_mended_is_seen_with_intervals_and_by_group():
    found = recalibration(bold(), 2.0, AuditConfig()).values["recalibration"]
    assert found["before"]["low"] > found["after"]["high"]
    assert found["groups"]["g"].keys() == {"a", "b"}
    for group in found["groups"]["g"].values():
        assert group["before"]["value"] > group["after"]["value"]


def test_a_temperature_of_1_mends_nothing():
    found = recalibration(bold(), 1.0, AuditConfig()).values["recalibration"]
    assert found["before"]["value"] == pytest.approx(found["after"]["value"], abs=1e-9)


def test_scores_that_promise_too_much_after_a_change_are_found(build, numbers):
    columns, table, y_true = numbers
    subject = build(columns, table, y_true, lambda t: 1 / (1 + np.exp(-4 * t["x"].to_numpy())))
    sure = np.stack([np.full(300, 0.01), np.full(300, 0.99)], axis=1)
    change = Change(kind="any", level=1, table=lambda: table)
    outcome = Outcome(change=change, marks=Marks(values=np.ones(300)), scores=sure)
    found = after_changes(subject, [outcome])
    assert found["changed"]["value"] == pytest.approx(abs(0.99 - y_true.mean()), abs=1e-9)
    assert found["changed"]["value"] > found["clean"]["value"]
    assert found["changed"]["n"] == 300


def test_each_row_counts_once_however_many_changes_there_are(build, numbers):
    columns, table, y_true = numbers
    subject = build(columns, table, y_true, lambda t: np.full(t.num_rows, 0.6))
    change = Change(kind="any", level=1, table=lambda: table)
    scores = [np.tile([1 - p, p], (300, 1)) for p in (0.2, 0.9)]
    outcomes = [Outcome(change=change, marks=Marks(values=np.ones(300)), scores=s) for s in scores]
    found = after_changes(subject, outcomes)["changed"]
    turns = np.arange(300) % 2
    expected = np.mean([abs(y_true[turns == i].mean() - p) for i, p in enumerate((0.2, 0.9))])
    assert found["n"] == 300
    assert found["value"] == pytest.approx(expected)
