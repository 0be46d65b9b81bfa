import numpy as np
import pytest
from assay.audits.robustness.rates import Marks, by_group, overall, worst
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

HITS = st.lists(st.sampled_from([0.0, 1.0]), min_size=2, max_size=60)


@given(HITS)
def test_a_rate_of_hits_has_the_exact_binomial_interval(hits):
    found = overall(Marks(values=np.array(hits)), np.ones(len(hits)), 0.95)
    exact = binomtest(int(sum(hits)), len(hits)).proportion_ci(0.95, method="exact")
    assert found is not None
    assert found["value"] == pytest.approx(np.mean(hits))
    assert (found["low"], found["high"]) == pytest.approx((exact.low, exact.high), abs=1e-9)
    assert found["n"] == len(hits)


def test_rows_without_a_mark_do_not_count():
    values = np.array([1.0, np.nan, 0.0, np.nan])
    found = overall(Marks(values=values), np.ones(4), 0.95)
    assert found is not None
    assert (found["value"], found["n"]) == (0.5, 2)
    assert overall(Marks(values=np.full(3, np.nan)), np.ones(3), 0.95) is None


@given(st.lists(HITS, min_size=1, max_size=5))
def test_the_worst_of_conditions_is_bounded_by_their_own_bounds(conditions):
    rows = min(map(len, conditions))
    marks = [Marks(values=np.array(hits[:rows])) for hits in conditions]
    alone = [overall(each, np.ones(rows), 0.95) for each in marks]
    found = worst(marks, np.ones(rows), 0.95)
    assert found["value"] == min(each["value"] for each in alone)
    assert found["low"] == pytest.approx(min(each["low"] for each in alone), abs=1e-12)
    assert found["high"] >= min(each["high"] for each in alone) - 1e-12
    assert found["one_sided"][0] == pytest.approx(min(each["one_sided"][0] for each in alone), abs=1e-12)


def test_of_errors_the_worst_is_the_largest():
    rng = np.random.default_rng(0)
    small, large = (
        Marks(values=rng.random(50), kind="amount"),
        Marks(values=5 + rng.random(50), kind="amount"),
    )
    found = worst([small, large], np.ones(50), 0.95, lowest=False)
    alone = overall(large, np.ones(50), 0.95)
    assert alone is not None
    assert found["value"] == pytest.approx(alone["value"])
    assert found["one_sided"][1] == pytest.approx(alone["one_sided"][1])
    assert found["low"] <= alone["low"]


def test_the_upper_bound_of_the_worst_holds_although_it_was_chosen():
    """Ten conditions of the same accuracy: the lowest estimate is too low nearly always."""
    rng, covered = np.random.default_rng(1), 0
    for _ in range(300):
        marks = [Marks(values=(rng.random(80) < 0.8).astype(float)) for _ in range(10)]
        found = worst(marks, np.ones(80), 0.95)
        covered += found["low"] <= 0.8 <= found["high"]
    assert covered / 300 >= 0.94


def test_groups_have_their_own_rates_and_small_ones_are_marked():
    groups = {"sex": np.array(["f"] * 30 + ["m"] * 3)}
    marks = {"accuracy": Marks(values=np.array([1.0] * 15 + [0.0] * 18))}
    found = by_group(groups, marks, np.ones(33), minimum=20, confidence=0.95).values["sex"]
    assert found["f"]["metrics"]["accuracy"]["value"] == 0.5
    assert not found["f"]["small"]
    assert (found["m"]["n"], found["m"]["small"]) == (3, True)


def test_a_group_that_only_the_sample_makes_small_is_missing_not_small():
    everyone = {"sex": np.array(["f"] * 100 + ["m"] * 100)}
    sample = {"sex": np.array(["f"] * 50 + ["m"] * 4)}
    marks = {"accuracy": Marks(values=np.ones(54))}
    found = by_group(sample, marks, np.ones(54), minimum=20, confidence=0.95, everyone=everyone)
    assert found.values["sex"]["m"] == {"n": 100, "small": False, "metrics": {}}
    assert "sample" in found.missing["/sex/m/metrics/accuracy"]
    assert found.values["sex"]["f"]["metrics"]["accuracy"]["n"] == 50


def test_weights_count():
    found = overall(Marks(values=np.array([1.0, 0.0])), np.array([3.0, 1.0]), 0.95)
    assert found is not None
    assert found["value"] == 0.75
