"""Thresholds that differ by group, in the rule and in a model's decisions."""

import json

import numpy as np
import pyarrow as pa
import pytest
from assay.platform.exceptions import DataError, ModelError
from assay.platform.predictor import Predictor
from assay.platform.predictor.artifact import POSTPROCESS, write_json
from assay.platform.predictor.group_thresholds import GroupThresholds, Steps

AS_TRAINED = {"thresholds": [0.5], "probabilities": [0.0, 1.0]}
RULE = {
    "over": ["job"],
    "groups": [
        {"values": ["clerk"], "steps": {"thresholds": [0.2, 0.6], "probabilities": [0.0, 0.25, 1.0]}},
        {"values": ["smith"], "steps": {"thresholds": [], "probabilities": [1.0]}},
    ],
    "otherwise": AS_TRAINED,
    "salt": "salt",
}


def test_the_chance_is_that_of_the_groups_steps():
    rule = GroupThresholds.from_json(RULE)
    scores = np.array([0.1, 0.2, 0.59, 0.6, 0.1, 0.4, 0.5, 0.9])
    jobs = np.array(["clerk"] * 4 + ["smith", "nurse", "nurse", "missing"])
    assert rule.chances(scores, [jobs]).tolist() == [0, 0.25, 0.25, 1, 1, 0, 1, 1]


def test_it_survives_json():
    rule = GroupThresholds.from_json(RULE)
    assert GroupThresholds.from_json(json.loads(json.dumps(rule.to_json()))) == rule


@pytest.mark.parametrize(
    "wrong",
    [
        {"salt": ""},
        {"salt": "x" * 65},
        {"salt": 5},
        {"over": []},
        {"over": "job"},
        {"over": ["job", "sex"]},
        {"groups": [RULE["groups"][0]] * 2},
        {"groups": [{"values": ["a"], "steps": AS_TRAINED, "code": "os.system"}]},
        {"otherwise": {"thresholds": [0.5, 0.5], "probabilities": [0, 1, 1]}},
        {"otherwise": {"thresholds": [0.5], "probabilities": [0.0]}},
        {"otherwise": {"thresholds": [0.5], "probabilities": [0.0, float("nan")]}},
        {"otherwise": {"thresholds": [1.5], "probabilities": [0.0, 1.0]}},
        {"more": 1},
    ],
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises((ValueError, TypeError, KeyError)):
        GroupThresholds.from_json({**RULE, **wrong})


@pytest.fixture
def model(tabular, artifact, tmp_path):
    """A network nobody trained, whose thresholds differ by job; the schema is told that job is sensitive."""
    folder = artifact(tabular)
    described = json.loads((folder / "preprocess.json").read_bytes())
    described["schema"]["sensitive"] = ["job"]
    write_json(folder / "preprocess.json", described)
    postprocess = json.loads((folder / POSTPROCESS).read_bytes()) | {"group_thresholds": RULE}
    write_json(folder / POSTPROCESS, postprocess)
    return folder


def table(rows: int = 600) -> pa.Table:
    draw = np.random.default_rng(0)
    return pa.table(
        {"age": draw.uniform(18, 80, rows), "job": draw.choice(["clerk", "smith", "nurse"], rows)}
    )


def test_decisions_come_as_often_as_their_chance(model):
    predictor, rows = Predictor.load(model), table(6000)
    scores, jobs = predictor.predict(rows), rows["job"].to_numpy(zero_copy_only=False)
    decided = predictor.decide(scores, rows)
    assert decided[jobs == "smith"].all()
    mixed = (jobs == "clerk") & (scores[:, 1] >= 0.2) & (scores[:, 1] < 0.6)
    assert mixed.sum() > 1000
    assert decided[mixed].mean() == pytest.approx(0.25, abs=0.04)


def test_the_answer_does_not_depend_on_order_or_type_of_column(model):
    predictor, rows = Predictor.load(model), table()
    decided = predictor.decide(predictor.predict(rows), rows)
    order = np.random.default_rng(1).permutation(len(rows))
    other = rows.take(pa.array(order)).select(["job", "age"])
    other = other.set_column(0, "job", other["job"].dictionary_encode())
    np.testing.assert_array_equal(predictor.decide(predictor.predict(other), other), decided[order])


def test_an_unknown_group_is_decided_by_the_threshold_of_everybody(model):
    predictor = Predictor.load(model)
    rows = pa.table({"age": [20.0, 30.0], "job": ["astronaut", None]})
    scores = predictor.predict(rows)
    assert predictor.decide(scores, rows).tolist() == (scores[:, 1] >= 0.5).astype(int).tolist()


def test_a_missing_column_is_named_with_the_reason(model):
    predictor, rows = Predictor.load(model), table(5)
    scores = predictor.predict(rows)
    with pytest.raises(DataError, match="'job': its thresholds differ by it"):
        predictor.decide(scores, rows.drop_columns(["job"]))


def test_groups_of_a_column_that_is_not_sensitive_are_refused(model):
    postprocess = json.loads((model / POSTPROCESS).read_bytes())
    postprocess["group_thresholds"]["over"] = ["age"]
    write_json(model / POSTPROCESS, postprocess)
    with pytest.raises(ModelError, match="names groups"):
        Predictor.load(model)


def test_steps_below_the_first_threshold_have_the_first_chance():
    assert Steps(thresholds=(0.3,), probabilities=(0.1, 0.9)).at(np.array([0.0, 0.3])).tolist() == [0.1, 0.9]
