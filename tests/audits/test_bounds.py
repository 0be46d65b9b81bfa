"""One-sided bounds at other confidences: at 95% they are the bounds that gates have always decided by."""

import numpy as np
import pytest
from assay.audits import bounds, fairness, performance
from assay.audits.bounds import with_bounds
from assay.audits.config import FairnessConfig
from assay.audits.findings import Findings
from assay.audits.intervals import Proportions
from assay.audits.predictions import Predictions
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm


def predictions(seed: int, groups: int = 3, rows: int = 300) -> Predictions:
    rng = np.random.default_rng(seed)
    y_true = rng.integers(0, 2, rows)
    score = np.clip(rng.normal(0.35 + 0.3 * y_true, 0.2), 0.01, 0.99)
    return Predictions(
        task="binary", classes=("no", "yes"), positive="yes", rows=np.arange(rows), y_true=y_true,
        y_pred=(score > 0.5).astype(int), scores=np.stack([1 - score, score], axis=1),
        sensitive={"group": rng.choice(list("abcdefgh")[:groups], rows)},
    )  # fmt: skip


def measured(of: Predictions, confidence: float) -> dict[str, Findings]:
    config = FairnessConfig(confidence=confidence, replicates=20)
    return {
        "performance": performance.measure(of, confidence=confidence),
        "fairness": fairness.measure(of, config),
    }


def numbers(found):
    if isinstance(found, dict):
        if "one_sided" in found:
            yield found
        else:
            for part in found.values():
                yield from numbers(part)


@pytest.mark.parametrize("groups", [2, 3, 6])
def test_bounds_derived_at_95_percent_equal_those_that_are_measured(groups, monkeypatch):
    # As if gates had another default, so that 95% is derived like any other confidence.
    monkeypatch.setattr(bounds, "GATE", None)
    of = predictions(groups, groups)
    found = with_bounds(lambda c: measured(of, c), (0.95,), measured(of, 0.95))
    every = [number for room in found.values() for number in numbers(room.values)]
    assert len(every) > 20
    for number in every:
        assert number["one_sided_at"]["0.95"] == pytest.approx(number["one_sided"], abs=1e-9)


@given(st.integers(1, 60), st.integers(0, 60), st.sampled_from([0.8, 0.9, 0.99, 0.999]))
def test_a_bound_of_a_share_is_the_exact_one(wrong, right, confidence):
    y = np.zeros(wrong + right, int)
    of = Predictions(
        task="binary", classes=("no", "yes"), positive="yes", rows=np.arange(len(y)), y_true=y,
        y_pred=(np.arange(len(y)) < wrong).astype(int), scores=None,
    )  # fmt: skip

    def only(level: float) -> dict[str, Findings]:
        return {"performance": performance.measure(of, confidence=level)}

    found = with_bounds(only, (confidence,), only(0.95))["performance"].values["metrics"]["accuracy"]
    estimate = Proportions(value=np.array([right / len(y)]), trials=np.array([float(len(y))]))
    exact = [float(end[0]) for end in estimate.limits(norm.ppf(confidence))]
    assert found["one_sided_at"][f"{confidence:g}"] == pytest.approx(exact, abs=1e-9)


def test_more_confidence_gives_wider_bounds():
    of = predictions(1)
    found = with_bounds(lambda c: measured(of, c), (0.9, 0.99), measured(of, 0.95))
    for number in (number for room in found.values() for number in numbers(room.values)):
        at = number["one_sided_at"]
        assert at["0.99"][0] <= number["one_sided"][0] <= at["0.9"][0] + 1e-12
        assert at["0.9"][1] - 1e-12 <= number["one_sided"][1] <= at["0.99"][1]
