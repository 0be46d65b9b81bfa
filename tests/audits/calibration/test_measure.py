import numpy as np
import pytest
from assay.audits.calibration import measure
from assay.audits.calibration.error import bin_rows, expected_calibration_error
from assay.audits.config import FairnessConfig
from assay.audits.predictions import Predictions


def binary(scores, outcome, sensitive=None, weight=None) -> Predictions:
    scores, outcome = np.asarray(scores, float), np.asarray(outcome, int)
    return Predictions(
        task="binary",
        classes=("no", "yes"),
        positive="yes",
        rows=np.arange(len(scores)),
        y_true=outcome,
        y_pred=(scores > 0.5).astype(int),
        scores=np.stack([1 - scores, scores], axis=1),
        sensitive=sensitive or {},
        weight=weight,
    )


def brute_force(score, outcome, bins):
    """Equal-mass bins by sorting and cutting; no ties."""
    parts = np.array_split(np.argsort(score), bins)
    return sum(len(part) / len(score) * abs(outcome[part].mean() - score[part].mean()) for part in parts)


def test_error_equals_brute_force_on_bins_of_equal_mass():
    rng = np.random.default_rng(0)
    score = rng.random(3000)
    outcome = (rng.random(3000) < score**2).astype(int)
    found = measure(binary(score, outcome)).values["metrics"]["expected_calibration_error"]
    assert found["value"] == pytest.approx(brute_force(score, outcome, 15), abs=2e-3)
    assert found["low"] < 1 / 6 < found["high"]  # the integral of p - p²


def test_bins_hold_all_rows_and_their_rates():
    rng = np.random.default_rng(1)
    score = np.round(rng.random(500), 1)
    outcome = rng.integers(0, 2, 500)
    bins = measure(binary(score, outcome)).values["bins"]
    assert sum(found["n"] for found in bins) == 500
    for found in bins:
        mine = (score >= found["low"]) & (score <= found["high"])
        assert found["n"] == mine.sum()
        assert found["rate"]["value"] == pytest.approx(outcome[mine].mean())
        assert found["mean_score"] == pytest.approx(score[mine].mean())
        assert found["rate"]["low"] <= found["rate"]["value"] <= found["rate"]["high"]


def test_integer_weights_count_as_repeated_rows():
    rng = np.random.default_rng(2)
    score, outcome, weight = rng.random(200), rng.integers(0, 2, 200), rng.integers(1, 4, 200)
    gap = measure(binary(score, outcome, weight=weight.astype(float))).values["metrics"][
        "mean_calibration_gap"
    ]
    repeated = measure(binary(np.repeat(score, weight), np.repeat(outcome, weight)))
    assert gap["value"] == pytest.approx(repeated.values["metrics"]["mean_calibration_gap"]["value"])


def coverage(world, rows: int, draws: int) -> tuple[float, float]:
    """Share of draws whose interval holds the truth of the binned error, and that would pass a gate on it."""
    rng = np.random.default_rng(3)
    edges = (np.arange(5000) + 0.5) / 5000
    truth_rate = world(edges)
    held, passed = 0, 0
    for _ in range(draws):
        score = rng.random(rows)
        bins = bin_rows(
            score, (rng.random(rows) < world(score)).astype(float), np.ones(rows), bins=min(15, rows // 20)
        )
        found = expected_calibration_error(bins, confidence=0.95, seed=0)
        which = np.searchsorted(bins.high[:-1], edges)
        share = np.bincount(which, minlength=len(bins.high)) / len(edges)
        gap = np.bincount(which, truth_rate - edges, len(bins.high)) / np.maximum(
            np.bincount(which, minlength=len(bins.high)), 1
        )
        truth = float((share * np.abs(gap)).sum())
        held += found["low"] <= truth <= found["high"]
        passed += found["one_sided"][1] < truth
    return held / draws, passed / draws


WORLDS = {"calibrated": lambda p: p, "too bold": lambda p: 0.5 + 0.7 * (p - 0.5), "too high": lambda p: p**2}


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("rows", [60, 400])
def test_errors_are_covered_and_gates_do_not_pass_by_luck(world, rows):
    held, passed = coverage(WORLDS[world], rows, 200)
    assert held >= 0.91
    assert passed <= 0.09


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("rows", [20, 60, 1000])
def test_errors_are_covered_in_ten_thousand_draws(world, rows):
    held, passed = coverage(WORLDS[world], rows, 10_000)
    print(f"\n| {rows} rows, {world} | expected_calibration_error | {held:.3f} | {passed:.3f} |")
    assert held >= 0.945
    assert passed <= 0.05 + 3 * (0.05 * 0.95 / 10_000) ** 0.5


def test_what_a_calibrated_model_would_show_is_said_beside_the_error():
    rng = np.random.default_rng(4)
    score = rng.random(2000)
    found = [
        measure(binary(score, rng.random(2000) < score)).values["metrics"]["expected_calibration_error"]
        for _ in range(50)
    ]
    assert np.mean([number["value"] for number in found]) == pytest.approx(
        np.mean([n["noise"] for n in found]), rel=0.1
    )
    assert np.mean([number["low"] == 0 for number in found]) >= 0.9


def test_groups_are_measured_each_and_small_ones_marked():
    rng = np.random.default_rng(5)
    group = np.array(["a"] * 400 + ["b"] * 400 + ["tiny"] * 3 + ["lonely"])
    score = rng.random(804)
    outcome = rng.random(804) < np.where(group == "b", score / 2, score)
    found = measure(binary(score, outcome, {"g": group}))
    groups = found.values["groups"]["g"]
    assert (
        groups["a"]["metrics"]["mean_calibration_gap"]["low"]
        < 0
        < groups["a"]["metrics"]["mean_calibration_gap"]["high"]
    )
    assert groups["b"]["metrics"]["mean_calibration_gap"]["low"] > 0.15
    assert (groups["tiny"]["n"], groups["tiny"]["small"], groups["a"]["small"]) == (3, True, False)
    assert (
        found.missing["/groups/g/lonely/metrics/expected_calibration_error"]
        == "calibration needs at least two rows"
    )


def test_more_classes_are_judged_by_the_class_that_was_decided():
    scores = np.tile([[0.8, 0.1, 0.1], [0.2, 0.6, 0.2]], (100, 1))
    y_true = np.where(np.arange(200) % 2 == 0, 0, 2)
    predictions = Predictions(
        task="multiclass", classes=tuple("abc"), rows=np.arange(200),
        y_true=y_true, y_pred=scores.argmax(axis=1), scores=scores,
    )  # fmt: skip
    found = measure(predictions).values["metrics"]
    assert found["expected_calibration_error"]["value"] == pytest.approx((0.2 + 0.6) / 2)
    assert found["mean_calibration_gap"]["value"] == pytest.approx((-0.2 + 0.6) / 2)


def test_constant_scores_make_one_bin():
    found = measure(binary(np.full(100, 0.3), np.arange(100) % 2)).values
    assert len(found["bins"]) == 1
    assert found["metrics"]["expected_calibration_error"]["value"] == pytest.approx(0.2)


def test_a_model_without_scores_has_no_calibration_and_says_why():
    predictions = Predictions(
        task="regression", rows=np.arange(3), y_true=np.arange(3.0), y_pred=np.arange(3.0)
    )
    found = measure(predictions, config=FairnessConfig())
    assert found.values == {}
    assert found.missing == {"": "the model gives no probabilities"}
