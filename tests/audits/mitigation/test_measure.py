"""The trade-off from stored predictions, against Fairlearn and against the audit of fairness."""

import json

import numpy as np
import pytest
from assay.audits import fairness, performance
from assay.audits.config import FairnessConfig
from assay.audits.mitigation import Candidates, measure
from assay.audits.mitigation.measure import GAPS
from assay.audits.predictions import Predictions
from fairlearn.metrics import equalized_odds_difference


def predictions(seed: int, uneven: float, weighted: bool = False) -> Predictions:
    draw = np.random.default_rng(seed)
    sex, race = draw.choice(["f", "m"], 1500), draw.choice(["a", "b"], 1500)
    y_true = draw.integers(0, 2, 1500)
    y_pred = (draw.random(1500) < 0.3 + 0.4 * y_true + uneven * (sex == "m")).astype(int)
    return Predictions(
        task="binary", classes=("no", "yes"), positive="yes", rows=np.arange(1500), y_true=y_true,
        y_pred=y_pred, sensitive={"sex": sex, "race": race},
        weight=draw.uniform(0.5, 2, 1500) if weighted else None,
    )  # fmt: skip


def candidates(over=("sex",), weighted=False) -> Candidates:
    judged = [
        {"name": "none", "parameter": None, "accuracy": 0.7, "gap": 0.2},
        {"name": "threshold-1", "parameter": 0.0, "accuracy": 0.7, "gap": 0.0},
    ]
    facts = {
        "method": "threshold", "over": list(over), "constraint": "average_odds", "limit": 0.02,
        "chosen": "threshold-1", "candidates": judged,
    }  # fmt: skip
    held = {
        name: {
            "validation": predictions(seed, uneven, weighted),
            "test": predictions(seed + 10, uneven, weighted),
        }
        for seed, (name, uneven) in enumerate((("none", 0.2), ("threshold-1", 0.0)))
    }
    return Candidates(facts=facts, predictions=held)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_average_odds_difference_is_fairlearns_mean_of_the_two_gaps(weighted):
    given = candidates(weighted=weighted)
    found = measure(given, FairnessConfig()).values
    for one in found["candidates"]:
        for split, value in (
            ("validation", one["validation"]["gap"]),
            ("test", one["test"]["gaps"]["average_odds_difference"]["value"]),
        ):
            p = given.predictions[one["name"]][split]
            expected = equalized_odds_difference(
                p.y_true, p.y_pred, sensitive_features=p.sensitive["sex"], agg="mean", sample_weight=p.weight
            )
            assert value == pytest.approx(expected)


def test_the_numbers_are_those_of_the_audits_of_performance_and_fairness():
    given, config = candidates(), FairnessConfig(replicates=10)
    for one in measure(given, config).values["candidates"]:
        test = given.predictions[one["name"]]["test"]
        accuracy = performance.measure(test).values["metrics"]["accuracy"]
        assert one["test"]["accuracy"] == {key: accuracy[key] for key in one["test"]["accuracy"]}
        gaps = fairness.measure(test, config).values["attributes"]["sex"]["differences"]
        for name in GAPS:
            held = {key: value for key, value in gaps[name].items() if key != "stability"}
            assert one["test"]["gaps"][name] == held


def test_several_columns_mean_their_intersection():
    found = measure(candidates(("sex", "race")), FairnessConfig()).values["candidates"][0]
    assert " × " in found["test"]["gaps"]["average_odds_difference"]["between"][0]


def test_groups_that_are_too_small_leave_a_reason_instead_of_a_gap():
    found = measure(candidates(), FairnessConfig(minimum_group_size=5000))
    assert found.values["candidates"][0]["test"]["gaps"] == {}
    assert "/candidates/0/test/gaps/average_odds_difference" in found.missing


def test_evidence_comes_back_as_it_was_saved(tmp_path):
    given = candidates(weighted=True)
    given.save(tmp_path)
    again = Candidates.load(tmp_path)
    assert again is not None
    assert again.names == ["none", "threshold-1"]
    first, second = (measure(of, FairnessConfig()) for of in (given, again))
    assert json.dumps(first.values) == json.dumps(second.values)


def test_without_a_mitigation_there_is_no_evidence_of_one(tmp_path):
    assert Candidates.load(tmp_path) is None
