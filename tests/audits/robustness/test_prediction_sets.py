import json

import numpy as np
import pytest
from assay.audits.config import AuditConfig, FairnessConfig, RobustnessConfig
from assay.audits.predictions import Predictions
from assay.audits.robustness.prediction_sets import prediction_sets

CONFIG = AuditConfig()


def world(rows, seed, *, classes=3, hard=0.6):
    """Labels follow the scores, but in group b a share of them is drawn blindly."""
    rng = np.random.default_rng(seed)
    odds = np.exp(3 * rng.normal(size=(rows, classes)))
    scores = odds / odds.sum(axis=1, keepdims=True)
    y = (rng.random(rows)[:, None] > scores.cumsum(axis=1)).sum(axis=1).clip(0, classes - 1)
    group = np.where(rng.random(rows) < 0.2, "b", "a")
    blind = (group == "b") & (rng.random(rows) < hard)
    y = np.where(blind, rng.integers(classes, size=rows), y)
    return Predictions(
        task="binary" if classes == 2 else "multiclass", classes=tuple("xyzuvw"[:classes]),
        positive="y" if classes == 2 else None, rows=np.arange(rows), y_true=y, y_pred=scores.argmax(axis=1),
        scores=np.round(scores, 6), sensitive={"g": group},
    )  # fmt: skip


def values(rows, seed, sensitive=True):
    """A regression whose errors grow with the prediction."""
    rng = np.random.default_rng(seed)
    y_pred = rng.uniform(1, 10, rows)
    y_true = y_pred + y_pred * rng.normal(size=rows)
    return Predictions(
        task="regression", rows=np.arange(rows), y_true=y_true, y_pred=y_pred,
        sensitive={"g": np.where(y_pred > 5, "high", "low")} if sensitive else {},
    )  # fmt: skip


def test_coverage_is_promised_for_all_together_and_groups_need_their_own_threshold():
    found = prediction_sets(world(4000, 0), world(8000, 1), CONFIG)
    groups = found.values["groups"]["g"]
    assert found.values["metrics"]["conformal_coverage"]["value"] == pytest.approx(0.9, abs=0.012)
    assert groups["b"]["metrics"]["conformal_coverage"]["high"] < 0.8
    assert groups["a"]["metrics"]["conformal_coverage"]["low"] > 0.9
    for group in "ab":
        assert groups[group]["metrics"]["group_conformal_coverage"]["value"] == pytest.approx(0.9, abs=0.03)
    larger = groups["b"]["metrics"]["group_conformal_set_size"]["low"]
    assert larger > groups["b"]["metrics"]["conformal_set_size"]["high"]


def test_every_method_keeps_the_promise_and_says_how_large_its_sets_are():
    found = prediction_sets(world(4000, 0, classes=6), world(8000, 1, classes=6), CONFIG)
    methods = found.values["conformal"]["methods"]
    assert methods.keys() == {"least_ambiguous", "adaptive", "regularized_adaptive"}
    for held in methods.values():
        assert held["metrics"]["conformal_coverage"]["value"] == pytest.approx(0.9, abs=0.015)
    sizes = {name: held["metrics"]["conformal_set_size"]["value"] for name, held in methods.items()}
    assert sizes["least_ambiguous"] <= min(sizes.values()) + 1e-9


def test_coverage_counts_what_a_loop_counts():
    validation, test = world(200, 0), world(100, 1)
    odd = sorted(1 - validation.scores[i, y] for i, y in enumerate(validation.y_true))
    limit = odd[int(np.ceil(0.9 * 201)) - 1] + 1e-9
    sets = [[k for k in range(3) if 1 - row[k] <= limit] for row in test.scores]
    found = prediction_sets(validation, test, CONFIG).values
    assert found["metrics"]["conformal_coverage"]["value"] == pytest.approx(
        np.mean([y in held for y, held in zip(test.y_true, sets, strict=True)])
    )
    assert found["metrics"]["conformal_set_size"]["value"] == pytest.approx(np.mean([len(s) for s in sets]))
    empty = found["conformal"]["methods"]["least_ambiguous"]["empty_sets"]["value"]
    assert empty == pytest.approx(np.mean([not s for s in sets]))


def test_intervals_of_one_width_fail_where_errors_are_large_and_local_ones_do_not():
    found = prediction_sets(values(4000, 0), values(8000, 1), CONFIG).values["conformal"]["methods"]
    one, local = (found[name]["groups"]["g"]["high"]["metrics"]["conformal_coverage"]["value"]
                  for name in ("absolute_residual", "local_residual"))  # fmt: skip
    assert one < 0.86
    assert local == pytest.approx(0.9, abs=0.02)
    for held in found.values():
        assert held["metrics"]["conformal_coverage"]["value"] == pytest.approx(0.9, abs=0.02)


def test_a_group_with_few_calibration_rows_gets_everything():
    validation = world(100, 0)
    validation.sensitive["g"][:] = "a"
    validation.sensitive["g"][:4] = "b"
    metrics = prediction_sets(validation, world(500, 1), CONFIG).values["groups"]["g"]["b"]["metrics"]
    assert metrics["group_conformal_coverage"]["value"] == 1
    assert metrics["group_conformal_set_size"]["value"] == 3


def test_an_interval_without_end_has_no_width_and_says_so():
    config = AuditConfig(robustness=RobustnessConfig(alpha=0.01))
    found = prediction_sets(values(30, 0), values(200, 1), config)
    assert "conformal_interval_width" not in found.values["metrics"]
    assert "no end" in found.missing["/metrics/conformal_interval_width"]
    json.dumps(found.values, allow_nan=False)


def test_the_sections_are_absent_with_a_reason_where_nothing_can_be_calibrated():
    assert "/conformal" in prediction_sets(world(5, 0), world(50, 1), CONFIG).missing
    blind = world(50, 0)
    blind = Predictions(**{**blind.__dict__, "scores": None})
    assert "/conformal" in prediction_sets(blind, blind, CONFIG).missing


def test_groups_that_validation_does_not_know_have_no_threshold_of_their_own():
    found = prediction_sets(values(300, 0, sensitive=False), values(300, 1), CONFIG).values["groups"]["g"]
    assert "group_conformal_coverage" not in found["high"]["metrics"]
    assert "conformal_coverage" in found["high"]["metrics"]


def test_small_groups_are_marked():
    config = AuditConfig(fairness=FairnessConfig(minimum_group_size=10_000))
    assert prediction_sets(world(300, 0), world(300, 1), config).values["groups"]["g"]["a"]["small"]
