"""What privacy cost, against counts by hand, and Bagdasaryan's effect planted and found."""

import dataclasses
import json

import numpy as np
import pytest
from assay.audits import fairness
from assay.audits.config import AuditConfig
from assay.audits.predictions import Predictions
from assay.audits.privacy.cost import NONE, cost, curve
from scipy import stats

CONFIG = AuditConfig()
ROWS = 2000


def model(rng: np.random.Generator, accuracy: dict[str, float], of: Predictions | None = None) -> Predictions:
    """A model that is right so often in each group."""
    sex = np.where(rng.random(ROWS) < 0.15, "f", "m") if of is None else of.sensitive["sex"]
    y_true = rng.integers(0, 2, ROWS) if of is None else of.y_true
    right = rng.random(ROWS) < np.vectorize(accuracy.get)(sex)
    y_pred = np.where(right, y_true, 1 - y_true)
    positive = np.clip(0.5 + (y_pred - 0.5) * rng.random(ROWS), 0.01, 0.99)
    return Predictions(
        task="binary", classes=("no", "yes"), positive="yes", rows=np.arange(ROWS), y_true=y_true,
        y_pred=y_pred, scores=np.stack([1 - positive, positive], axis=1), sensitive={"sex": sex},
    )  # fmt: skip


@pytest.fixture
def pair() -> tuple[Predictions, Predictions]:
    """Noise costs the small group 20 points and the large one two."""
    rng = np.random.default_rng(0)
    plain = model(rng, {"f": 0.85, "m": 0.9})
    return model(rng, {"f": 0.65, "m": 0.88}, plain), plain


def test_a_cost_is_what_is_lost_in_each_group(pair):
    private, plain = pair
    found = cost(private, plain, CONFIG)
    assert not found.missing
    assert found.values["twin"] == {"epsilon": NONE}
    for name, group in found.values["groups"]["sex"].items():
        rows = private.sensitive["sex"] == name
        right = [float((p.y_pred == p.y_true)[rows].mean()) for p in (plain, private)]
        assert (group["plain"]["value"], group["private"]["value"]) == pytest.approx(right)
        assert group["cost"]["value"] == pytest.approx(right[0] - right[1])
        assert (group["n"], group["small"]) == (rows.sum(), False)
        # McNemar: of the rows that one model alone gets right, half each if privacy cost nothing.
        lost, won = (int(((a.y_pred == a.y_true) & (b.y_pred != b.y_true))[rows].sum())
                     for a, b in ((plain, private), (private, plain)))  # fmt: skip
        p_value = stats.binomtest(lost, lost + won, 0.5).pvalue
        assert (p_value < 0.05) == (not group["cost"]["low"] <= 0 <= group["cost"]["high"])
    assert json.loads(json.dumps(found.values)) == found.values


def test_the_group_that_pays_most_is_named_and_the_gap_that_grew_is_found(pair):
    gaps = cost(*pair, CONFIG).values["gaps"]["sex"]
    assert gaps["of_costs"]["between"] == ["f", "m"]
    assert gaps["of_costs"]["low"] > 0
    assert gaps["change"]["low"] > 0
    for side, of in zip(("private", "plain"), pair, strict=True):
        measured = fairness.measure(of, CONFIG.fairness).values["attributes"]["sex"]["differences"]
        expected = measured["accuracy_difference"]
        assert {key: gaps[side][key] for key in ("value", "low", "high")} == pytest.approx(
            {key: expected[key] for key in ("value", "low", "high")}
        )


def test_metrics_stand_beside_their_paired_difference(pair):
    metrics = cost(*pair, CONFIG).values["metrics"]
    assert {"accuracy", "auroc", "log_loss"} <= set(metrics)
    for sides in metrics.values():
        assert sides["difference"]["value"] == pytest.approx(
            sides["private"]["value"] - sides["plain"]["value"]
        )
    assert metrics["accuracy"]["difference"]["high"] < 0


def test_a_model_beside_itself_cost_nothing_and_nobody_more(pair):
    _, plain = pair
    found = cost(plain, plain, CONFIG).values
    assert all(group["cost"]["value"] == 0 for group in found["groups"]["sex"].values())
    gaps = found["gaps"]["sex"]
    assert gaps["change"]["value"] == gaps["of_costs"]["value"] == 0
    assert gaps["change"]["low"] < 0 < gaps["change"]["high"]


def test_small_groups_are_shown_and_not_compared(pair):
    private, plain = (
        dataclasses.replace(p, sensitive={"place": np.repeat(["a", "b", "c"], [990, 1000, 10])}) for p in pair
    )
    found = cost(private, plain, CONFIG)
    assert [group["small"] for group in found.values["groups"]["place"].values()] == [False, False, True]
    assert found.values["gaps"]["place"]["excluded"] == ["c"]
    alone = [dataclasses.replace(p, sensitive={"place": np.repeat("a", ROWS)}) for p in pair]
    assert cost(*alone, CONFIG).missing == {"/gaps/place": "fewer than two groups have 20 rows"}


def test_rows_of_weight_0_make_no_group(pair):
    weight = np.where(pair[0].sensitive["sex"] == "f", 0.0, 1.0)
    private, plain = (dataclasses.replace(p, weight=weight) for p in pair)
    found = cost(private, plain, CONFIG)
    assert found.missing["/groups/sex/f"] == "the group's rows have weight 0"
    assert set(found.values["groups"]["sex"]) == {"m"}
    assert set(curve({None: plain}, CONFIG)[0]["groups"]["sex"]) == {"m"}


def test_of_a_regression_the_cost_is_the_error_that_was_added():
    rng = np.random.default_rng(1)
    truth, far = rng.standard_normal(400), np.repeat(["near", "far"], 200)
    noise = rng.standard_normal(400)

    def regression(scale: np.ndarray) -> Predictions:
        return Predictions(
            task="regression", rows=np.arange(400), y_true=truth, y_pred=truth + scale * noise,
            sensitive={"where": far},
        )  # fmt: skip

    private, plain = regression(np.where(far == "far", 3.0, 1.0)), regression(np.ones(400))
    found = cost(private, plain, CONFIG).values
    assert found["metric"] == "mean_absolute_error"
    groups = found["groups"]["where"]
    assert groups["near"]["cost"]["value"] == 0
    assert groups["far"]["cost"]["value"] == pytest.approx(2 * np.abs(noise[far == "far"]).mean())
    assert found["gaps"]["where"]["of_costs"]["between"] == ["far", "near"]
    assert found["gaps"]["where"]["change"]["low"] > 0


def test_the_curve_goes_from_the_smallest_epsilon_to_none(pair):
    private, plain = pair
    points = curve({8.0: private, None: plain, 0.5: private}, CONFIG)
    assert [point["epsilon"] for point in points] == [0.5, 8.0, NONE]
    accuracy = float((plain.y_pred == plain.y_true).mean())
    assert points[2]["metrics"]["accuracy"]["value"] == pytest.approx(accuracy)
    of_cost = cost(private, plain, CONFIG).values["groups"]["sex"]
    assert points[0]["groups"]["sex"] == {name: group["private"] for name, group in of_cost.items()}


def test_other_rows_cannot_be_compared(pair):
    private, plain = pair
    with pytest.raises(AssertionError, match="same rows"):
        cost(private, dataclasses.replace(plain, rows=plain.rows[::-1]), CONFIG)
