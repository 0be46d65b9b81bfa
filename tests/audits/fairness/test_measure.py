"""The whole fairness audit: what it says, and what it says where little can be said."""

import numpy as np
import pytest
from assay.audits.config import FairnessConfig
from assay.audits.fairness import measure
from assay.audits.policy import Check, evaluate
from assay.audits.predictions import Predictions
from fairlearn.metrics import MetricFrame, selection_rate
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    balanced_accuracy_score,
    mean_absolute_error,
    roc_auc_score,
    root_mean_squared_error,
)

QUICK = FairnessConfig(replicates=50)


def binary(y_true, y_pred, sensitive, scores=None, weight=None) -> Predictions:
    return Predictions(
        task="binary",
        classes=("no", "yes"),
        positive="yes",
        rows=np.arange(len(y_true)),
        y_true=np.asarray(y_true),
        y_pred=np.asarray(y_pred),
        scores=None if scores is None else np.stack([1 - scores, scores], axis=1),
        sensitive={name: np.asarray(values, dtype=object) for name, values in sensitive.items()},
        weight=weight,
    )


def random_binary(rows: int, seed: int = 0, **sensitive) -> Predictions:
    rng = np.random.default_rng(seed)
    scores = rng.random(rows)
    return binary(rng.integers(0, 2, rows), (scores > 0.5).astype(int), sensitive, scores)


def test_every_column_and_intersection_is_measured_and_gaps_name_the_furthest_groups():
    rng = np.random.default_rng(0)
    sex, race = rng.choice(["f", "m"], 2000), rng.choice(["a", "b", "c"], 2000)
    y_pred = (rng.random(2000) < np.where(sex == "f", 0.2, 0.6)).astype(int)
    found = measure(binary(rng.integers(0, 2, 2000), y_pred, {"sex": sex, "race": race}), QUICK)
    assert set(found.values["attributes"]) == {"sex", "race"}
    assert set(found.values["intersections"]) == {"sex × race"}
    assert len(found.values["intersections"]["sex × race"]["groups"]) == 6
    gap = found.values["attributes"]["sex"]["differences"]["demographic_parity_difference"]
    assert gap["between"] == ["m", "f"]
    assert gap["low"] < 0.4 < gap["high"]
    assert gap["stability"] == 1
    assert not found.missing


def test_intersections_go_as_deep_as_asked():
    columns = {name: np.random.default_rng(i).choice(["a", "b"], 500) for i, name in enumerate("xyz")}
    predictions = random_binary(500, **columns)
    deep = measure(predictions, FairnessConfig(intersections=3, replicates=10)).values["intersections"]
    assert set(deep) == {"x × y", "x × z", "y × z", "x × y × z"}
    assert "intersections" in measure(predictions, FairnessConfig(intersections=1)).values


@pytest.mark.parametrize("weighted", [False, True])
def test_numbers_of_groups_equal_fairlearns(weighted):
    rng = np.random.default_rng(1)
    predictions = random_binary(300, g=rng.choice(["a", "b", "c"], 300))
    weight = rng.uniform(0.5, 2, 300) if weighted else None
    predictions = binary(
        predictions.y_true, predictions.y_pred, predictions.sensitive, predictions.positive_score, weight
    )
    peers = {"selection_rate": selection_rate, "balanced_accuracy": balanced_accuracy_score}
    params = {name: {"sample_weight": weight} for name in peers} if weighted else None
    peer = MetricFrame(
        metrics=peers,
        y_true=predictions.y_true,
        y_pred=predictions.y_pred,
        sensitive_features=predictions.sensitive["g"],
        sample_params=params,
    )
    found = measure(predictions, QUICK).values["attributes"]["g"]
    for group, held in found["groups"].items():
        mine = predictions.sensitive["g"] == group
        area = roc_auc_score(
            predictions.y_true[mine],
            predictions.positive_score[mine],
            sample_weight=None if weight is None else weight[mine],
        )
        assert held["metrics"]["auroc"]["value"] == pytest.approx(area, abs=1e-12)
        for name in peers:
            assert held["metrics"][name]["value"] == pytest.approx(peer.by_group.loc[group, name], abs=1e-12)
    gap = found["differences"]["demographic_parity_difference"]["value"]
    assert gap == pytest.approx(peer.difference()["selection_rate"], abs=1e-12)


def test_regression_errors_of_groups_equal_scikit_learns():
    rng = np.random.default_rng(2)
    y, group = rng.normal(size=400), rng.choice(["a", "b", "c"], 400)
    y_pred = y + rng.normal(size=400) * np.where(group == "a", 2, 1)
    predictions = Predictions(
        task="regression", rows=np.arange(400), y_true=y, y_pred=y_pred, sensitive={"g": group}
    )
    found = measure(predictions, QUICK).values["attributes"]["g"]
    peers = {"mean_absolute_error": mean_absolute_error, "root_mean_squared_error": root_mean_squared_error}
    for name, peer in peers.items():
        values = {g: peer(y[group == g], y_pred[group == g]) for g in "abc"}
        assert {g: held["metrics"][name]["value"] for g, held in found["groups"].items()} == pytest.approx(
            values
        )
        gap = found["differences"][f"{name}_difference"]
        assert gap["value"] == pytest.approx(max(values.values()) - min(values.values()))
        assert gap["low"] > 0


def test_multiclass_gaps_are_the_largest_over_classes():
    rng = np.random.default_rng(3)
    group = rng.choice(["a", "b"], 1200)
    y_true = rng.integers(0, 3, 1200)
    y_pred = np.where((group == "a") & (y_true == 2), 0, y_true)
    predictions = Predictions(
        task="multiclass", classes=("x", "y", "z"), rows=np.arange(1200), y_true=y_true, y_pred=y_pred,
        sensitive={"g": group},
    )  # fmt: skip
    found = measure(predictions, QUICK).values["attributes"]["g"]
    assert found["differences"]["equal_opportunity_difference"]["value"] == 1
    assert found["groups"]["a"]["by_class"]["z"]["true_positive_rate"]["value"] == 0
    assert found["differences"]["macro_f1_difference"]["low"] > 0
    assert found["ratios"]["equal_opportunity_ratio"]["value"] == 0


def test_a_group_of_one_person_is_shown_small_and_left_out_of_gaps():
    group = ["a"] * 50 + ["b"] * 50 + ["lonely"]
    found = measure(random_binary(101, g=group), QUICK).values["attributes"]["g"]
    assert found["groups"]["lonely"]["small"]
    assert found["groups"]["lonely"]["metrics"]["selection_rate"]["n"] == 1
    assert found["differences"]["demographic_parity_difference"]["excluded"] == ["lonely"]
    check = Check(metric="demographic_parity_difference", over="g", max=1.0)
    assert evaluate((check,), {"fairness": {"attributes": {"g": found}}}).status == "inconclusive"


def test_a_group_without_positives_has_no_true_positive_rate_and_the_gap_says_so():
    group = np.array(["a"] * 50 + ["b"] * 50 + ["c"] * 50)
    y_true = np.where(group == "c", 0, np.arange(150) % 2)
    found = measure(binary(y_true, (np.arange(150) % 3 == 0).astype(int), {"g": group}), QUICK)
    reason = found.missing["/attributes/g/groups/c/metrics/true_positive_rate"]
    assert reason == "the group has too few truly positive rows"
    gap = found.values["attributes"]["g"]["differences"]["equal_opportunity_difference"]
    assert gap["excluded"] == ["c"]


@pytest.mark.parametrize(
    ("predictions", "absent"),
    [
        (random_binary(60, g=["only"] * 60), {"differences", "ratios"}),
        (random_binary(30, g=[f"person {i}" for i in range(30)]), {"differences", "ratios"}),
        (binary([1] * 60, [1] * 60, {"g": ["a", "b"] * 30}), set()),
        (binary([0, 1] * 30, [0] * 60, {"g": ["a", "b"] * 30}), {"ratios"}),
        (random_binary(1, g=["a"]), {"differences", "ratios"}),
        (random_binary(60, g=[None] * 60), {"differences", "ratios"}),
    ],
    ids=["one group", "groups of one", "one class", "nobody is selected", "one row", "all missing"],
)
def test_what_cannot_be_compared_is_missing_with_a_reason(predictions, absent):
    found = measure(predictions, QUICK)
    for section in absent:
        assert "demographic_parity_" + section[:-1] not in found.values["attributes"]["g"][section]
        assert found.missing[f"/attributes/g/{section}/demographic_parity_{section[:-1]}"]


def test_predictions_without_sensitive_columns_have_no_fairness_and_say_why():
    found = measure(random_binary(60), QUICK)
    assert found.values == {}
    assert "no sensitive column" in found.missing["/attributes"]


def test_a_thousand_groups_are_measured():
    group = np.random.default_rng(4).integers(0, 1000, 40_000).astype(str)
    found = measure(random_binary(40_000, g=group), QUICK).values["attributes"]["g"]
    gap = found["differences"]["demographic_parity_difference"]
    assert len(found["groups"]) == 1000
    assert gap["low"] == 0  # every true rate is the same, however far apart the luckiest two are
    assert gap["value"] > 0.3


ROW = st.tuples(
    st.integers(0, 1), st.integers(0, 1), st.sampled_from(["a", "b", None]), st.sampled_from(["x", "y"])
)


@given(st.lists(ROW, min_size=1, max_size=50), st.integers(1, 25), st.booleans())
@settings(max_examples=60, deadline=None)
def test_no_table_of_rows_crashes_and_every_number_lies_in_its_interval(rows, minimum, weighted):
    y_true, y_pred, first, second = zip(*rows, strict=True)
    weight = np.arange(1.0, len(rows) + 1) if weighted else None
    scores = np.linspace(0, 1, len(rows))
    predictions = binary(y_true, y_pred, {"first": first, "second": second}, scores, weight)
    found = measure(predictions, FairnessConfig(minimum_group_size=minimum, replicates=5))
    for partition in (*found.values["attributes"].values(), *found.values["intersections"].values()):
        numbers = [*partition["differences"].values(), *partition["ratios"].values()]
        numbers += [number for group in partition["groups"].values() for number in group["metrics"].values()]
        for number in numbers:
            assert 0 <= number["low"] <= number["value"] + 1e-9
            assert number["value"] - 1e-9 <= number["high"] <= 1


def test_a_gate_on_the_true_gap_passes_at_most_one_time_in_twenty():
    rng, passed = np.random.default_rng(5), 0
    check = Check(metric="demographic_parity_difference", over="g", max=0.25)
    group = np.array(["a"] * 60 + ["b"] * 80)
    for _ in range(200):
        y_pred = (rng.random(140) < np.where(group == "a", 0.2, 0.45)).astype(int)
        found = measure(binary(y_pred, y_pred, {"g": group}), FairnessConfig(replicates=2))
        passed += evaluate((check,), {"fairness": found.values}).status == "pass"
    assert passed <= 18  # at 5% there are more than 18 once in a hundred times
