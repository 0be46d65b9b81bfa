"""Planted slices are found and named, and where nothing is planted nothing is."""

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from assay.audits.config import SlicesConfig
from assay.audits.predictions import Predictions
from assay.audits.slices import Columns, measure

SMALL = {"rows": 8000, "columns": 12, "share": 0.05}


def found(findings) -> dict[str, list[dict[str, str]]]:
    return {
        name: [one["slice"] for one in held["found"]] for name, held in findings.values["statistics"].items()
    }


@pytest.mark.parametrize("planted", [1, 2, 3])
def test_a_planted_slice_is_found_by_its_own_name_and_alone(make_world: Callable, planted: int):
    predictions, columns, truth = make_world(**SMALL, planted=planted, bias=0.25)
    findings = measure(predictions, columns, SlicesConfig(permutations=100))
    assert found(findings)["decision"] == [truth]
    (one,) = findings.values["statistics"]["decision"]["found"]
    assert one["difference"]["low"] < -0.25 < one["difference"]["high"] < 0
    assert one["p"] <= 0.05


def test_the_slice_of_two_percent_among_fifty_columns_is_found(make_world: Callable):
    predictions, columns, truth = make_world()
    one = SlicesConfig(permutations=60, columns=None)
    assert found(measure(predictions, columns, one))["decision"][0] == truth


def test_a_part_that_is_worse_than_its_whole_is_shown_beside_it(make_world: Callable):
    predictions, columns, _ = make_world(rows=20_000, columns=8, planted=0)
    inside = columns.codes[:, 3] == 1
    part = inside & (columns.codes[:, 5] == 2)
    rng = np.random.default_rng(1)
    wrong = (rng.random(20_000) < np.where(part, 0.5, np.where(inside, 0.25, 0.1))).astype(int)
    worse = replace(predictions, y_pred=predictions.y_true ^ wrong)
    shown = found(measure(worse, columns, SlicesConfig(permutations=100)))["error"]
    assert sorted(map(len, shown)) == [1, 2]
    assert {"c3": "bin 1"} in shown
    assert {"c3": "bin 1", "c5": "bin 2"} in shown


def test_a_bias_that_no_two_columns_show_is_found_where_all_pairs_are_extended(make_world: Callable):
    predictions, columns, _ = make_world(rows=12_000, columns=10, bins=2, planted=0)
    odd = columns.codes[:, [1, 4, 7]].sum(axis=1) % 2 == 1
    wrong = (np.random.default_rng(1).random(12_000) < np.where(odd, 0.3, 0.1)).astype(int)
    worse = replace(predictions, y_pred=predictions.y_true ^ wrong)
    findings = measure(worse, columns, SlicesConfig(permutations=60, beam=1000))
    shown = found(findings)["error"]
    assert len(shown) == 4  # odd parity is four of the eight cells of three columns
    assert all(set(one) == {"c1", "c4", "c7"} for one in shown)


def test_label_noise_in_one_group_shows_in_mistakes_and_in_scores(make_binary: Callable):
    rng = np.random.default_rng(0)
    score = rng.beta(0.5, 0.5, 12_000)
    codes = rng.integers(0, 3, (12_000, 6)).astype(np.uint8)
    y_true = (rng.random(12_000) < score).astype(int)
    noisy = (codes[:, 2] == 1) & (rng.random(12_000) < 0.2) & (y_true == 1)
    predictions = make_binary(np.where(noisy, 0, y_true), (score > 0.5).astype(int), score)
    columns = Columns(names=tuple("abcdef"), labels=(("x", "y", "z"),) * 6, codes=codes, left_out={})
    shown = found(measure(predictions, columns, SlicesConfig(permutations=100)))
    assert shown["error"] == shown["score"] == [{"c": "y"}]


def test_a_calibrated_model_has_no_slice_whose_scores_are_off_though_labels_and_mistakes_depend_on_columns(
    make_binary: Callable,
):
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 4, (12_000, 8)).astype(np.uint8)
    score = 1 / (1 + np.exp(-(codes[:, 0] - 1.5 + 0.5 * codes[:, 1] - rng.normal(size=12_000))))
    y_true = (rng.random(12_000) < score).astype(int)
    columns = Columns(names=tuple("abcdefgh"), labels=(("0", "1", "2", "3"),) * 8, codes=codes, left_out={})
    shown = found(measure(make_binary(y_true, (score > 0.5).astype(int), score), columns, SlicesConfig()))
    assert shown["score"] == []
    assert shown["decision"]  # equal truth isn't decided equally: the columns tell more than the truth does


def test_a_regression_is_searched_for_large_and_for_one_sided_errors():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, (6000, 5)).astype(np.uint8)
    truth = rng.normal(size=6000)
    error = rng.normal(size=6000) - 0.8 * (codes[:, 1] == 2)
    predictions = Predictions(task="regression", rows=np.arange(6000), y_true=truth, y_pred=truth + error)
    columns = Columns(names=tuple("abcde"), labels=(("0", "1", "2"),) * 5, codes=codes, left_out={})
    shown = found(measure(predictions, columns, SlicesConfig(permutations=100)))
    assert shown["decision"] == [{"b": "2"}]


def test_the_same_seed_gives_the_same_numbers_and_plain_json(make_world: Callable):
    predictions, columns, _ = make_world(**SMALL)
    one, two = (measure(predictions, columns, SlicesConfig(permutations=50)).values for _ in range(2))
    assert json.dumps(one) == json.dumps(two)


def test_constant_decisions_leave_a_reason_and_no_number(make_world: Callable):
    predictions, columns, _ = make_world(**SMALL, planted=0)
    still = replace(predictions, y_pred=np.zeros(8000, int), y_true=np.zeros(8000, int))
    findings = measure(still, columns, SlicesConfig())
    assert findings.values["statistics"] == {}
    assert set(findings.missing) == {"/statistics/error", "/statistics/decision"}


@pytest.mark.parametrize(
    ("rows", "columns", "config", "why"),
    [
        (100, 5, {}, "too few"),
        (8000, 0, {}, "no column"),
        (8000, 5, {"enabled": False}, "Not asked for"),
    ],
)
def test_what_is_not_searched_has_a_reason(make_world: Callable, rows, columns, config, why):
    predictions, known, _ = make_world(rows=rows, columns=5, planted=0)
    known = replace(
        known, names=known.names[:columns], labels=known.labels[:columns], codes=known.codes[:, :columns]
    )
    findings = measure(predictions, known, SlicesConfig(**config))
    assert findings.values == {}
    assert why in findings.missing[""]


def test_with_too_few_permutations_nothing_can_be_found_and_nothing_is(make_world: Callable):
    predictions, columns, _ = make_world(**SMALL, bias=0.3)
    findings = measure(predictions, columns, SlicesConfig(permutations=20))
    assert found(findings) == {"error": [], "decision": []}
    assert "too few" in findings.missing["/statistics/error/critical"]
    json.dumps(findings.values, allow_nan=False)  # no number of it is infinite


def test_of_more_rows_than_asked_a_seeded_part_is_searched(make_world: Callable):
    predictions, columns, _ = make_world(**SMALL, planted=0)
    assert measure(predictions, columns, SlicesConfig(rows=2000, permutations=50)).values["n"] == 2000


@pytest.mark.slow
def test_a_hundred_worlds_without_bias_raise_at_most_ten_alarms(make_world: Callable):
    alarms = 0
    for seed in range(100):
        predictions, columns, _ = make_world(rows=5000, columns=20, planted=0, seed=seed)
        alarms += any(found(measure(predictions, columns, SlicesConfig(permutations=120))).values())
    print(f"{alarms} alarms in 100 worlds of 5,000 rows and 20 columns")
    assert alarms <= 10


@pytest.mark.slow
def test_large_worlds_without_bias_are_silent_and_with_bias_are_not(make_world: Callable):
    alarms = missed = 0
    for seed in range(20):
        predictions, columns, _ = make_world(planted=0, seed=seed)
        alarms += any(found(measure(predictions, columns, SlicesConfig(permutations=120))).values())
    for seed in range(5):
        predictions, columns, truth = make_world(seed=seed)
        missed += (
            truth not in found(measure(predictions, columns, SlicesConfig(permutations=120)))["decision"]
        )
    print(f"50,000 rows, 50 columns: {alarms} alarms in 20 worlds without bias, {missed} of 5 biases missed")
    assert alarms <= 4
    assert missed == 0
