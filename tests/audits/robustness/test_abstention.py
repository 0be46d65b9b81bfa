import numpy as np
import pytest
from assay.audits.config import AuditConfig, RobustnessConfig
from assay.audits.predictions import Predictions
from assay.audits.robustness.abstention import abstention, area_under_risk_coverage, kept_from
from hypothesis import given
from hypothesis import strategies as st

ROWS = st.lists(st.tuples(st.sampled_from([0.5, 0.6, 0.7, 0.9]), st.booleans()), min_size=1, max_size=40)


@given(ROWS)
def test_the_area_is_the_mean_risk_among_rows_at_least_as_confident(rows):
    sure, wrong = np.array([r[0] for r in rows]), np.array([float(r[1]) for r in rows])
    risks = [wrong[sure >= level].mean() for level in sure]
    found = area_under_risk_coverage(sure, wrong, np.ones(len(rows)))
    assert found == pytest.approx(np.mean(risks))


@given(ROWS, st.floats(0.01, 1))
def test_the_threshold_keeps_the_share_and_no_higher_one_does(rows, share):
    sure = np.array([r[0] for r in rows])
    level = kept_from(sure, share)
    assert np.mean(sure >= level) >= share - 1e-9
    assert np.mean(sure > level) < share


def binary(rows, seed, bad="b"):
    """Group b is sure where it is wrong: the confident decisions about it are the worst."""
    rng = np.random.default_rng(seed)
    sure, group = rng.uniform(0.5, 1, rows), np.where(rng.random(rows) < 0.3, "b", "a")
    right = rng.random(rows) < np.where(group == bad, 1.25 - sure * 0.7, sure)
    y_pred = rng.integers(0, 2, rows)
    scores = np.where(y_pred == 1, sure, 1 - sure)
    return Predictions(
        task="binary", classes=("no", "yes"), positive="yes", rows=np.arange(rows),
        y_true=np.where(right, y_pred, 1 - y_pred), y_pred=y_pred,
        scores=np.stack([1 - scores, scores], axis=1), sensitive={"g": group},
    )  # fmt: skip


def test_abstention_can_help_all_and_harm_a_group():
    config = AuditConfig(robustness=RobustnessConfig(abstain=0.5))
    found = abstention(binary(4000, 0), binary(8000, 1), config).values
    test = binary(8000, 1)
    all_rows = np.mean(test.y_true == test.y_pred)
    assert found["metrics"]["selective_coverage"]["value"] == pytest.approx(0.5, abs=0.03)
    groups = found["groups"]["g"]
    assert found["metrics"]["selective_accuracy"]["value"] > all_rows + 0.02
    assert groups["b"]["metrics"]["selective_accuracy"]["high"] < groups["b"]["metrics"]["accuracy"]["low"]
    assert groups["a"]["metrics"]["selective_accuracy"]["low"] > groups["a"]["metrics"]["accuracy"]["high"]


def test_the_curve_ends_at_the_accuracy_of_all_rows():
    test = binary(1000, 1)
    found = abstention(binary(500, 0), test, AuditConfig()).values["abstention"]
    assert found["curve"][-1]["coverage"] == 1
    assert found["curve"][-1]["accuracy"]["value"] == np.mean(test.y_true == test.y_pred)
    assert [p["asked"] for p in found["points"]] == [0.95, 0.9, 0.8, 0.7, 0.5]
    for point in found["points"]:
        kept, n = point["kept"]["value"], point["kept"]["n"]
        both = kept * point["accuracy"]["value"] + (1 - kept) * point["accuracy_of_the_rest"]["value"]
        assert both == pytest.approx(np.mean(test.y_true == test.y_pred))
        assert n == 1000


def test_the_best_area_is_that_of_a_ranking_that_knows_its_mistakes():
    test = binary(300, 1)
    wrong = np.sort(test.y_true != test.y_pred).astype(float)
    expected = np.mean(np.cumsum(wrong) / np.arange(1, 301))
    found = abstention(binary(300, 0), test, AuditConfig()).values["abstention"]
    assert found["best_area"] == pytest.approx(expected)


def test_a_model_without_a_mistake_is_not_called_certain():
    sure = binary(300, 0)
    perfect = Predictions(**{**sure.__dict__, "y_true": sure.y_pred})
    found = abstention(perfect, perfect, AuditConfig()).values["metrics"]["area_under_risk_coverage"]
    assert found["value"] == 0
    assert found["one_sided"][1] > 1 / 300


def test_the_interval_of_the_area_covers_the_true_one():
    truth = binary(200_000, 9, bad=None)
    area = area_under_risk_coverage(
        truth.scores.max(axis=1), (truth.y_true != truth.y_pred) * 1.0, np.ones(200_000)
    )
    covered = 0
    for seed in range(60):
        test = binary(150, seed, bad=None)
        found = abstention(test, test, AuditConfig()).values["metrics"]["area_under_risk_coverage"]
        covered += found["low"] <= area <= found["high"]
    assert covered / 60 >= 0.9


def test_a_regression_and_bare_decisions_cannot_abstain():
    test = binary(50, 0)
    bare = Predictions(**{**test.__dict__, "scores": None})
    values = Predictions(task="regression", rows=np.arange(3), y_true=np.ones(3), y_pred=np.ones(3))
    for predictions in (bare, values):
        assert "/abstention" in abstention(predictions, predictions, AuditConfig()).missing
