"""What is said of a model on two domains: against published limits, and worlds whose truth is known."""

import dataclasses

import numpy as np
import pytest
from assay.audits.adaptation import independent_difference, measure
from assay.audits.adaptation.measure import Pair
from assay.audits.findings import number
from assay.audits.performance import compare
from assay.audits.predictions import Predictions
from scipy.stats import binomtest, norm


def share(hits: int, rows: int, confidence: float = 0.95) -> dict:
    limits = binomtest(hits, rows).proportion_ci(confidence, method="wilson")
    return number(hits / rows, limits.low, limits.high, rows)


def model(right: float, rows: int, seed: int, *, groups: bool = False) -> Predictions:
    """Two classes, of which a share is told rightly."""
    draw = np.random.default_rng(seed)
    y_true = draw.integers(0, 2, rows)
    y_pred = np.where(draw.random(rows) < right, y_true, 1 - y_true)
    return Predictions(
        task="binary", classes=("no", "yes"), positive="yes", rows=np.arange(rows), y_true=y_true,
        y_pred=y_pred, scores=np.eye(2)[y_pred] * 0.8 + 0.1,
        sensitive={"sex": draw.choice(["f", "m"], rows)} if groups else {},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ours", "other", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ],
)
def test_of_two_shares_the_limits_are_those_of_newcombes_table(ours, other, low, high):
    found = independent_difference(share(*ours), share(*other))
    assert (found["low"], found["high"]) == pytest.approx((low, high), abs=5e-5)


def test_of_two_normal_means_the_limits_are_the_textbooks():
    z, errors = norm.ppf(0.975), (0.3, 0.4)
    numbers = [number(v, v - z * e, v + z * e, 50) for v, e in zip((2.0, 1.0), errors, strict=True)]
    found = independent_difference(*numbers)
    assert (found["low"], found["high"]) == pytest.approx((1 - z * 0.5, 1 + z * 0.5))


def test_a_true_difference_is_covered_as_often_as_is_said():
    draw = np.random.default_rng(0)
    inside = 0
    for ours, other in zip(draw.binomial(120, 0.7, 2000), draw.binomial(80, 0.85, 2000), strict=True):
        found = independent_difference(share(ours, 120), share(other, 80))
        inside += found["low"] <= 0.7 - 0.85 <= found["high"]
    assert 0.94 <= inside / 2000 <= 0.975


def test_a_planted_fall_and_a_planted_gain_are_found():
    source, target = model(0.95, 800, 0), model(0.7, 600, 1)
    twin = Pair(source=model(0.95, 800, 0), target=dataclasses.replace(target, y_pred=1 - target.y_true))
    found = measure(Pair(source=source, target=target), twin)
    assert found.values["shift"]["accuracy"]["high"] < 0
    assert found.values["gain"]["target"]["accuracy"]["low"] > 0.5
    assert found.values["gain"]["source"]["accuracy"]["value"] == 0
    assert found.values["target"]["n"] == 600
    assert found.values["gain"]["target"] == compare(target, twin.target).values


def test_without_labels_there_nothing_is_said_of_the_target():
    found = measure(Pair(source=model(0.9, 100, 0), target=None), None)
    assert set(found.values) == {"source"}
    assert set(found.missing) == {"/target", "/shift", "/gain"}
    beside = measure(
        Pair(source=model(0.9, 100, 0), target=None), Pair(source=model(0.8, 100, 2), target=None)
    )
    assert set(beside.values["gain"]) == {"source"}
    assert "/gain/target" in beside.missing


def test_groups_that_were_not_compared_are_named():
    pair = Pair(source=model(0.9, 100, 0, groups=True), target=model(0.9, 100, 1, groups=True))
    assert "/groups" in measure(pair, None).missing
