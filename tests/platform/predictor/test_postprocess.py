"""From logits to scores and decisions."""

import json

import numpy as np
import pytest
import scipy.special
from assay.platform.predictor.postprocess import Postprocess, round_significant
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

THREE = Postprocess(task="multiclass", classes=("a", "b", "c"), temperature=1.7)
TWO = {"task": "binary", "classes": ("no", "yes"), "positive": "yes"}

logits = arrays(np.float32, st.tuples(st.integers(0, 20), st.just(3)), elements=st.floats(-50, 50, width=32))


@settings(deadline=None)
@given(logits)
def test_scores_are_the_softmax_of_the_logits_over_the_temperature(outputs):
    expected = scipy.special.softmax(outputs.astype(np.float64) / 1.7, axis=1)
    np.testing.assert_allclose(THREE.scores(outputs), expected, atol=5.1e-7)


@settings(deadline=None)
@given(logits)
def test_the_decision_is_the_likeliest_class_whatever_the_temperature(outputs):
    scores = THREE.scores(outputs)
    decided = THREE.decide(scores)
    assert np.all(scores[np.arange(len(scores)), decided] == scores.max(axis=1, initial=0))


def test_on_a_tie_the_lowest_code_is_decided():
    assert THREE.decide(np.array([[0.4, 0.4, 0.2]])).tolist() == [0]


def test_a_threshold_takes_the_place_of_the_likeliest_class():
    strict = Postprocess(**TWO, thresholds={"yes": 0.8})
    scores = np.array([[0.5, 0.5], [0.21, 0.79], [0.2, 0.8], [0.0, 1.0]])
    assert strict.decide(scores).tolist() == [0, 0, 1, 1]
    assert Postprocess(**TWO).decide(scores).tolist() == [0, 1, 1, 1]


def test_scores_that_differ_as_float32_sums_do_are_written_alike():
    one = Postprocess(**TWO).scores(np.array([[0.1, 0.7]], dtype=np.float32))
    other = Postprocess(**TWO).scores(np.array([[0.1, 0.70000005]], dtype=np.float32))
    assert one.tolist() == other.tolist()


def test_a_regression_is_given_back_its_unit():
    house = Postprocess(task="regression", target_scale={"mean": 250_000.0, "std": 40_000.0})
    assert house.scores(np.array([[0.0], [-1.0], [0.5]], dtype=np.float32)).tolist() == [250e3, 210e3, 270e3]


@given(arrays(np.float64, 5, elements=st.floats(-1e30, 1e30, allow_subnormal=False)))
def test_rounding_keeps_six_digits_whatever_the_unit(values):
    expected = [float(f"{value:.5e}") for value in values]
    np.testing.assert_allclose(round_significant(values), expected, rtol=1.1e-5, atol=0)
    assert np.all(np.abs(round_significant(values) - values) <= 5.1e-6 * np.abs(values))


@pytest.mark.parametrize(
    "made",
    [
        THREE,
        Postprocess(**TWO, thresholds={"yes": 0.3}),
        Postprocess(task="regression", target_scale={"mean": 1.5, "std": 0.1}),
    ],
)
def test_it_survives_json(made):
    assert Postprocess.from_json(json.loads(json.dumps(made.to_json()))) == made


@pytest.mark.parametrize(
    "wrong",
    [
        {"task": "ranking", "classes": ("a", "b")},
        {"task": "binary", "classes": ("a",)},
        {"task": "binary", "classes": ("a", "b"), "positive": "a"},
        {"task": "multiclass", "classes": ("a", "b", "c"), "thresholds": {"a": 0.5}},
        {"task": "regression"},
        {"task": "regression", "classes": ("a", "b"), "target_scale": {"mean": 0.0, "std": 1.0}},
        {**TWO, "temperature": 0.0},
        {**TWO, "temperature": float("nan")},
        {**TWO, "thresholds": {"yes": 1.5}},
        {**TWO, "thresholds": {"no": 0.5}},
    ],
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match=r"got|task"):
        Postprocess(**wrong)
