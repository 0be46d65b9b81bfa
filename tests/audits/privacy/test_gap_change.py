"""Whether a gap grew: the truth is inside as often as promised, also where the furthest pair isn't clear."""

import numpy as np
import pytest
from assay.audits.config import AuditConfig
from assay.audits.predictions import Predictions
from assay.audits.privacy.group_cost import GroupCosts, columns

CONFIG = AuditConfig()


def predictions(group: np.ndarray, right: np.ndarray) -> Predictions:
    return Predictions(
        task="binary", classes=("no", "yes"), positive="yes", rows=np.arange(len(right)),
        y_true=np.ones(len(right), dtype=int), y_pred=right.astype(int),
        sensitive={"group": np.array([f"g{code}" for code in group])},
    )  # fmt: skip


def gaps(group: np.ndarray, private: np.ndarray, plain: np.ndarray) -> dict:
    of = predictions(group, private)
    return GroupCosts.of(of, predictions(group, plain), columns(of)[0], CONFIG).gaps().values


def drawn(rng: np.random.Generator, sizes: list[int], plain: list[float], private: list[float]) -> tuple:
    """Rows whose two answers are correlated: a hard row is hard for both models."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    hard = 0.8 * rng.random(len(group)) + 0.2 * rng.random((2, len(group)))
    levels = [np.sort(0.8 * rng.random(20_000) + 0.2 * rng.random(20_000)) for _ in sizes]
    right = [
        side < np.array([np.quantile(level, rate) for level, rate in zip(levels, rates, strict=True)])[group]
        for side, rates in zip(hard, (plain, private), strict=True)
    ]
    return group, right[1], right[0]


@pytest.mark.parametrize(
    ("plain", "private"),
    [
        ((0.9, 0.9, 0.9), (0.9, 0.9, 0.9)),  # no gap at all
        ((0.9, 0.8, 0.85), (0.85, 0.6, 0.8)),  # it grew, between the same groups
        ((0.9, 0.8, 0.85), (0.75, 0.8, 0.78)),  # it shrank, and the furthest pair is another one
        ((0.95, 0.9, 0.9), (0.7, 0.95, 0.9)),
    ],
)
def test_the_change_of_a_gap_is_covered_as_often_as_promised(plain, private):
    rng = np.random.default_rng(0)
    truth = np.ptp(private) - np.ptp(plain)
    runs = [gaps(*drawn(rng, [300, 120, 60], plain, private))["change"] for _ in range(200)]
    covered = np.mean([change["low"] <= truth <= change["high"] for change in runs])
    below = np.mean([change["one_sided"][0] <= truth for change in runs])
    above = np.mean([truth <= change["one_sided"][1] for change in runs])
    # 200 runs of a promise of 95% stay above 92% but for one in 40.
    assert min(covered, below, above) >= 0.92


def test_a_gap_that_grew_between_two_clear_groups_is_found():
    """With the pair known, the interval is close to the paired one of a difference of differences."""
    rng = np.random.default_rng(1)
    group, private, plain = drawn(rng, [2000, 1000], [0.9, 0.8], [0.85, 0.6])
    change = gaps(group, private, plain)["change"]
    moved = private.astype(float) - plain
    sides = [moved[group == code] for code in (0, 1)]
    wald = 1.959964 * sum(side.var() / len(side) for side in sides) ** 0.5
    assert change["value"] == pytest.approx(sides[0].mean() - sides[1].mean())
    assert 0 < change["low"] < change["value"] < change["high"]
    assert wald < (change["high"] - change["low"]) / 2 < 1.3 * wald


@pytest.mark.parametrize("seed", range(20))
def test_the_estimate_lies_in_its_interval_and_models_exchanged_turn_the_sign(seed):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 5, 400)
    private, plain = rng.random((2, 400)) < 0.7
    found, turned = gaps(group, private, plain), gaps(group, plain, private)
    assert found["change"]["low"] <= found["change"]["value"] <= found["change"]["high"]
    assert found["change"]["value"] == pytest.approx(found["private"]["value"] - found["plain"]["value"])
    assert turned["change"]["value"] == pytest.approx(-found["change"]["value"])
    assert turned["change"]["low"] == pytest.approx(-found["change"]["high"])
    assert turned["of_costs"]["value"] == pytest.approx(found["of_costs"]["value"])


def test_of_more_groups_than_can_be_compared_the_change_is_missing():
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(60), 30)
    of = [predictions(group, rng.random(1800) < 0.8) for _ in range(2)]
    found = GroupCosts.of(*of, columns(of[0])[0], CONFIG).gaps()
    assert found.values == {}
    assert found.missing == {"": "too many groups to compare every pair with every other"}
