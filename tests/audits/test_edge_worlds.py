"""Worlds at the edge: empty groups, one class, constant predictions, a thousand groups, a group of one.

Every room measures each of them without a crash, row by row and as a stream, and no gate passes over what was
not measured.
"""

from collections.abc import Callable

import numpy as np
import pytest
from assay.audits import calibration, fairness, performance
from assay.audits.condensed import Condensed
from assay.audits.config import FairnessConfig
from assay.audits.policy import Check, evaluate
from assay.audits.predictions import Predictions
from assay.platform.exceptions import DataError

CONFIG = FairnessConfig(replicates=20)
ROWS = 4000


def world(y_true, y_pred, score, **sensitive) -> Predictions:
    return Predictions(
        task="binary",
        classes=("no", "yes"),
        positive="yes",
        rows=np.arange(len(y_true)),
        y_true=np.asarray(y_true),
        y_pred=np.asarray(y_pred),
        scores=np.stack([1 - np.asarray(score), score], axis=1),
        sensitive={name: np.asarray(values, dtype=object) for name, values in sensitive.items()},
    )


def as_entries(p: Predictions) -> Predictions:
    """The same rows, each twin pair as one entry."""
    order = np.argsort(p.scores[:, 1], kind="stable")
    _, ranks = np.unique(p.scores[order, 1], return_inverse=True)
    rows = np.ones(len(p), dtype=np.int64)
    return Predictions(
        task=p.task,
        classes=p.classes,
        positive=p.positive,
        rows=p.rows,
        y_true=p.y_true[order],
        y_pred=p.y_pred[order],
        scores=p.scores[order],
        sensitive={name: values[order] for name, values in p.sensitive.items()},
        condensed=Condensed(rows=rows, squared=rows.astype(float), ranks=ranks, bits=12),
    )


def coins(rows: int = ROWS, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    score = rng.random(rows)
    return {
        "y_true": (rng.random(rows) < score).astype(int),
        "y_pred": (score > 0.5).astype(int),
        "score": score,
    }


def only_group_a(values: np.ndarray) -> np.ndarray:
    return np.full(len(values), "a")


def one_alone(values: np.ndarray) -> np.ndarray:
    return np.where(np.arange(len(values)) == 0, "alone", np.where(np.arange(len(values)) % 2, "a", "b"))


def halves(values: np.ndarray) -> np.ndarray:
    return np.where(np.arange(len(values)) % 2, "a", "b")


def worlds() -> dict[str, Callable[[], Predictions]]:
    fair = coins()
    half = halves(fair["score"])
    never = np.zeros(ROWS, dtype=int)
    always = np.ones(ROWS, dtype=int)
    nobody = np.where(half == "a", 0, fair["y_true"])
    return {
        "one group": lambda: world(**fair, g=only_group_a(fair["score"])),
        "a group of one person": lambda: world(**fair, g=one_alone(fair["score"])),
        "everyone alone": lambda: world(**coins(60), g=np.arange(60).astype(str)),
        "a missing group": lambda: world(**fair, g=np.where(half == "a", None, "b")),
        "one class": lambda: world(never, fair["y_pred"], fair["score"], g=half),
        "one class in a group": lambda: world(nobody, fair["y_pred"], fair["score"], g=half),
        "never decided": lambda: world(fair["y_true"], never, fair["score"] / 2, g=half),
        "always decided": lambda: world(fair["y_true"], always, (1 + fair["score"]) / 2, g=half),
        "constant scores": lambda: world(fair["y_true"], never, np.full(ROWS, 0.3), g=half),
        "certain and right": lambda: world(fair["y_true"], fair["y_true"], fair["y_true"] * 1.0, g=half),
        "certain and wrong": lambda: world(fair["y_true"], 1 - fair["y_true"], 1.0 - fair["y_true"], g=half),
        "a single row": lambda: world([1], [1], np.array([0.9]), g=["a"]),
        "two rows": lambda: world([0, 1], [1, 0], np.array([0.9, 0.1]), g=["a", "b"]),
    }


def report_of(predictions: Predictions, config: FairnessConfig = CONFIG) -> dict:
    """The three rooms as they stand in a report, with what is missing."""
    found = {
        "performance": performance.measure(predictions),
        "calibration": calibration.measure(predictions, config=config),
        "fairness": fairness.measure(predictions, config),
    }
    missing = {f"/{room}{place}": why for room, of in found.items() for place, why in of.missing.items()}
    return {room: of.values for room, of in found.items()} | {"missing": missing}


def numbers(value, place: str = ""):
    """Every measured number of a report, with its place."""
    if isinstance(value, dict):
        if {"value", "low", "high"} <= value.keys():
            yield place, value
        for key, inner in value.items():
            yield from numbers(inner, f"{place}/{key}")


@pytest.mark.parametrize("form", [lambda p: p, as_entries], ids=["rows", "entries"])
@pytest.mark.parametrize("name", list(worlds()))
def test_every_number_of_an_odd_world_is_finite_inside_its_interval_and_in_range(name, form):
    found = report_of(form(worlds()[name]()))
    measured = dict(numbers(found))
    for place, number in measured.items():
        assert all(np.isfinite(number[key]) for key in ("value", "low", "high")), place
        assert number["low"] - 1e-12 <= number["value"] <= number["high"] + 1e-12, (place, number)
        if not place.endswith("log_loss") and "gap" not in place:
            assert number["low"] >= -1e-12, (place, number)
            assert number["high"] <= 1 + 1e-12, (place, number)
        assert place not in found["missing"]


GATES = [
    Check(metric="demographic_parity_difference", over="g", max=0.99),
    Check(metric="equalized_odds_difference", over="g", max=0.99),
    Check(metric="auroc_difference", over="g", max=0.99),
    Check(metric="accuracy", over="g", min=0.01),
    Check(metric="demographic_parity_ratio", over="g", min=0.01),
]


@pytest.mark.parametrize("form", [lambda p: p, as_entries], ids=["rows", "entries"])
@pytest.mark.parametrize(
    "name", ["one group", "a group of one person", "everyone alone", "a single row", "two rows"]
)
def test_no_gate_over_groups_passes_where_a_group_could_not_be_compared(name, form):
    found = report_of(form(worlds()[name]()))
    for check in GATES:
        if name == "one group" and check.metric == "accuracy":
            continue  # the one group is large: its accuracy is known
        assert evaluate([check], found).status == "inconclusive", check


@pytest.mark.parametrize("name", ["one class", "one class in a group"])
def test_no_gate_on_true_positives_passes_where_a_group_has_none(name):
    found = report_of(worlds()[name]())
    for metric in ("equal_opportunity_difference", "equalized_odds_difference", "auroc_difference"):
        assert evaluate([Check(metric=metric, over="g", max=0.99)], found).status == "inconclusive", metric


def test_one_class_has_no_area_and_says_so():
    found = report_of(worlds()["one class"]())
    assert "auroc" not in found["performance"]["metrics"]
    assert "one class" in found["missing"]["/performance/metrics/auroc"]


def test_constant_scores_rank_nothing():
    found = report_of(worlds()["constant scores"]())["performance"]["metrics"]["auroc"]
    assert found["value"] == 0.5
    entries = report_of(as_entries(worlds()["constant scores"]()))["performance"]["metrics"]["auroc"]
    assert entries["value"] == 0.5
    assert (entries["low"], entries["high"]) == (0.0, 1.0)  # within one rank any order is possible


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_scores_that_are_no_numbers_are_refused_with_their_count(wrong):
    fair = coins()
    fair["score"][:7] = wrong
    with pytest.raises(DataError, match=f"7 of {ROWS}"):
        world(**fair, g=halves(fair["score"]))


def test_a_thousand_groups_are_compared_with_each_other():
    rng = np.random.default_rng(3)
    fair = coins(60_000, seed=3)
    group = rng.integers(0, 1000, 60_000)
    fair["y_pred"] = np.where(group == 17, 1, fair["y_pred"])
    found = report_of(world(**fair, g=np.char.add("g", group.astype(str))))
    held = found["fairness"]["attributes"]["g"]
    assert len(held["groups"]) == 1000
    gap = held["differences"]["demographic_parity_difference"]
    assert gap["between"][0] == "g17"
    assert 0 < gap["low"] < 0.5 < gap["high"]
    assert (
        evaluate([Check(metric="demographic_parity_difference", over="g", max=0.1)], found).status != "pass"
    )


def test_a_thousand_equal_groups_show_no_gap():
    rng = np.random.default_rng(4)
    fair = coins(100_000, seed=4)
    found = report_of(world(**fair, g=np.char.add("g", rng.integers(0, 1000, 100_000).astype(str))))
    gap = found["fairness"]["attributes"]["g"]["differences"]["demographic_parity_difference"]
    assert gap["low"] == 0
    assert gap["value"] > 0.1  # the plain estimate is far from 0


@pytest.mark.parametrize("constant", [False, True])
def test_values_without_spread_are_measured_or_missing(constant):
    rng = np.random.default_rng(5)
    truth = np.full(100, 3.0) if constant else rng.normal(size=100)
    found = report_of(
        Predictions(
            task="regression", rows=np.arange(100), y_true=truth, y_pred=np.full(100, 3.0),
            sensitive={"g": np.where(np.arange(100) < 1, "alone", "others").astype(object)},
        )
    )  # fmt: skip
    for place, number in numbers(found):
        assert number["low"] <= number["value"] <= number["high"], place
    assert constant == ("/performance/metrics/r2" in found["missing"])
    check = Check(metric="mean_absolute_error_difference", over="g", max=1e9)
    assert evaluate([check], found).status == "inconclusive"
