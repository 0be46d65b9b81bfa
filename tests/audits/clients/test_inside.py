"""Clients on test rows, against the fairness audit of each client's rows alone."""

import numpy as np
import pytest
from assay.audits import fairness
from assay.audits.clients.inside import measure
from assay.audits.config import FairnessConfig
from assay.audits.predictions import Predictions

CONFIG = FairnessConfig(minimum_group_size=15)


def predictions(clients, sex, y_true, y_pred, **more):
    return Predictions(
        task="binary",
        classes=("no", "yes"),
        positive="yes",
        rows=np.arange(len(clients)),
        y_true=np.asarray(y_true),
        y_pred=np.asarray(y_pred),
        sensitive={"sex": np.asarray(sex), "site": np.asarray(clients)},
        **more,
    )


@pytest.fixture(scope="module")
def world():
    """Four sites; at `c` women are seldom decided for, at `d` there are few rows, at `e` only men."""
    draw = np.random.default_rng(5)
    sites, sexes, truths, decisions = [], [], [], []
    for site, rows, bias, error in (
        ("a", 300, 0, 0.1),
        ("b", 200, 0, 0.4),
        ("c", 250, 0.6, 0.1),
        ("d", 9, 0, 0),
    ):
        sex = draw.choice(["m", "w"], rows)
        truth = draw.integers(0, 2, rows)
        decided = np.where(draw.random(rows) < error, 1 - truth, truth)
        decided = np.where((sex == "w") & (draw.random(rows) < bias), 0, decided)
        sites += [site] * rows
        sexes += sex.tolist()
        truths += truth.tolist()
        decisions += decided.tolist()
    alone = ["e"] * 40
    return predictions(sites + alone, sexes + ["m"] * 40, truths + [1] * 40, decisions + [1] * 40), np.array(
        sites + alone
    )


def of(predictions, keep):
    return Predictions(
        task="binary",
        classes=predictions.classes,
        positive="yes",
        rows=predictions.rows[keep],
        y_true=predictions.y_true[keep],
        y_pred=predictions.y_pred[keep],
        sensitive={"sex": predictions.sensitive["sex"][keep]},
    )


def test_each_clients_gaps_are_those_of_its_rows_alone(world):
    found, clients = measure(*world, "site", CONFIG), world[1]
    together = FairnessConfig(minimum_group_size=15, confidence=1 - 0.05 / 4)
    for row in found.values["clients"]:
        alone = fairness.measure(of(world[0], clients == row["client"]), together).values["attributes"]["sex"]
        for name, gap in row["gaps"]["sex"].items():
            expected = alone["differences"][name]
            assert gap["between"] == expected["between"]
            for key in ("value", "low", "high", "n"):
                assert gap[key] == pytest.approx(expected[key]), (row["client"], name, key)
        assert set(row["gaps"]["sex"]) == set(alone["differences"]) & {
            "demographic_parity_difference",
            "equalized_odds_difference",
            "accuracy_difference",
        }


def test_scores_are_plain_accuracies_and_sizes_are_told(world):
    found, (told, clients) = measure(*world, "site", CONFIG).values, world
    right = told.y_true == told.y_pred
    assert found["together"] == pytest.approx(right.mean())
    assert [row["client"] for row in found["clients"]] == ["a", "b", "c", "d", "e"]
    for row in found["clients"]:
        assert row["score"]["value"] == pytest.approx(right[clients == row["client"]].mean())
        assert row["n"] == (clients == row["client"]).sum()
    assert [row["small"] for row in found["clients"]] == [False, False, False, True, False]


def test_planted_clients_are_named(world):
    found = measure(*world, "site", CONFIG).values
    assert found["worse"][0] == found["lowest"] == "b"
    assert found["widest"]["sex"]["demographic_parity_difference"]["client"] == "c"
    biased = found["clients"][2]["gaps"]["sex"]["demographic_parity_difference"]
    assert biased["between"] == ["m", "w"]
    assert biased["low"] > 0.1


def test_what_is_too_small_is_not_compared_and_that_is_said(world):
    found = measure(*world, "site", CONFIG)
    by_name = {row["client"]: row for row in found.values["clients"]}
    assert by_name["d"]["gaps"] == by_name["e"]["gaps"] == {"sex": {}}
    assert found.missing["/gaps/sex/demographic_parity_difference"].startswith("2 of 5 clients")
    assert "site" not in by_name["a"]["gaps"]


def test_groups_left_out_are_named_in_their_own_client():
    sites = np.array(["a"] * 60 + ["b"] * 40)
    sex = ["m"] * 25 + ["w"] * 25 + ["x"] * 10 + ["m"] * 20 + ["w"] * 20
    told = predictions(sites, sex, [0, 1] * 50, [0, 1] * 50)
    rows = measure(told, sites, "site", CONFIG).values["clients"]
    excluded = [row["gaps"]["sex"]["demographic_parity_difference"]["excluded"] for row in rows]
    assert excluded == [["x"], []]


def test_alike_clients_are_seldom_named():
    """Of ten clients that are served alike someone is named in at most 5% of the draws."""
    named = 0
    for seed in range(200):
        draw = np.random.default_rng(seed)
        sites = np.repeat([f"s{i}" for i in range(10)], 60)
        truth = draw.integers(0, 2, 600)
        decided = np.where(draw.random(600) < 0.2, 1 - truth, truth)
        found = measure(predictions(sites, ["m"] * 600, truth, decided), sites, "site", CONFIG)
        named += bool(found.values["worse"])
    assert named / 200 <= 0.05


def test_a_client_with_a_single_row_of_a_regression_has_no_score():
    sites, draw = np.array(["many"] * 60 + ["one"]), np.random.default_rng(2)
    truth = draw.normal(size=61)
    told = Predictions(
        task="regression", rows=np.arange(61), y_true=truth, y_pred=truth + draw.normal(size=61)
    )
    found = measure(told, sites, "site", CONFIG).values
    many, one = found["clients"]
    assert "score" in many
    assert one == {"client": "one", "n": 1, "small": True, "gaps": {}}
    assert found["lowest"] == "many"


def test_a_regressions_worst_client_has_the_largest_error():
    draw = np.random.default_rng(1)
    sites = np.repeat(["near", "far"], 100)
    truth = draw.normal(size=200)
    told = Predictions(
        task="regression",
        rows=np.arange(200),
        y_true=truth,
        y_pred=truth + draw.normal(size=200) * np.where(sites == "far", 3.0, 0.1),
        sensitive={"sex": draw.choice(["m", "w"], 200)},
    )
    found = measure(told, sites, "site", CONFIG).values
    assert (found["metric"], found["worse"], found["lowest"]) == ("mean_absolute_error", ["far"], "far")
    assert "mean_absolute_error_difference" in found["clients"][0]["gaps"]["sex"]
