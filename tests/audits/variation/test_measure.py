"""What varies between seeds, against scipy's t interval and worlds whose spread is known."""

import numpy as np
import pytest
from assay.audits.config import AuditConfig, FairnessConfig
from assay.audits.predictions import Predictions
from assay.audits.variation.measure import measure, vary
from scipy import stats


def model(luck: float, rows: int = 400) -> Predictions:
    """A model whose mistakes depend on its luck, on rows that all models share."""
    shared = np.random.default_rng(0)
    y_true = shared.integers(0, 2, rows)
    wrong = shared.random(rows) < 0.1 + luck
    y_pred = np.where(wrong, 1 - y_true, y_true)
    return Predictions(
        task="binary", classes=("no", "yes"), positive="yes", rows=np.arange(rows), y_true=y_true,
        y_pred=y_pred, scores=np.eye(2)[y_pred] * 0.8 + 0.1,
        sensitive={"sex": shared.choice(["f", "m"], rows)},
    )  # fmt: skip


def test_the_interval_over_seeds_is_students():
    values = [0.81, 0.84, 0.80, 0.86]
    found = vary(range(4), [{"value": v, "low": v - 0.1, "high": v + 0.1} for v in values], 0.9)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert (found["low"], found["high"]) == pytest.approx((expected.low, expected.high))
    assert found["sd"] == pytest.approx(np.std(values, ddof=1))
    assert (found["least"], found["most"], found["n"]) == (0.80, 0.86, 4)


def test_the_value_of_one_more_seed_lies_where_it_is_said_to_nine_times_in_ten():
    draws = np.random.default_rng(1).normal(0.8, 0.02, (4_000, 6))
    inside = 0
    for *values, another in draws:
        low, high = vary(range(5), [dict.fromkeys(("value", "low", "high"), v) for v in values], 0.9)[
            "another"
        ]
        inside += low <= another <= high
    assert inside / len(draws) == pytest.approx(0.9, abs=0.02)


def test_metrics_and_gaps_of_every_seed_stand_side_by_side():
    config = AuditConfig(fairness=FairnessConfig(replicates=20))
    found = measure([3, 4, 5], [model(0.0), model(0.05), model(0.1)], config)
    accuracy = found.values["metrics"]["accuracy"]
    assert [of["seed"] for of in accuracy["by_seed"]] == found.values["seeds"] == [3, 4, 5]
    assert accuracy["by_seed"][0]["value"] > accuracy["by_seed"][2]["value"]
    assert accuracy["value"] == pytest.approx(np.mean([of["value"] for of in accuracy["by_seed"]]))
    assert "demographic_parity_difference" in found.values["gaps"]["sex"]


def test_a_number_that_one_seed_lacks_is_missing_with_the_count():
    silent = model(0.0)
    never = Predictions(**{**vars(silent), "y_pred": np.zeros_like(silent.y_pred)})
    found = measure([0, 1], [silent, never], AuditConfig(fairness=FairnessConfig(replicates=20)))
    assert found.missing["/metrics/precision"] == "1 of 2 seeds have no such number"
    assert "precision" not in found.values["metrics"]


def test_seeds_that_agree_have_no_spread():
    found = measure([0, 1], [model(0.0), model(0.0)], AuditConfig(fairness=FairnessConfig(replicates=20)))
    assert all(of["sd"] == 0 and of["low"] == of["high"] for of in found.values["metrics"].values())
