"""Permutation importance against scikit-learn's, and its intervals against fresh test sets."""

import numpy as np
import pyarrow as pa
import pytest
from assay.audits.explanation.permutation_importance import measure, row_parts
from hypothesis import given
from hypothesis import strategies as st
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, r2_score, roc_auc_score

NAMES = ("a", "b", "c")


class Wrapped:
    """A scikit-learn model as a predictor."""

    def __init__(self, model, task):
        self.model, self.task = model, task

    def predict(self, table):
        x = np.stack([table[name].to_numpy() for name in NAMES], axis=1)
        return self.model.predict(x) if self.task == "regression" else self.model.predict_proba(x)


def world(task, rows, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 3))
    signal = 2 * x[:, 0] + x[:, 1] + rng.normal(size=rows)
    y = {"regression": signal, "binary": (signal > 0).astype(int), "multiclass": np.digitize(signal, (-1, 1))}
    return x, y[task]


def fitted(task):
    model = LinearRegression() if task == "regression" else LogisticRegression()
    return Wrapped(model.fit(*world(task, 500, seed=1)), task)


def table_of(x):
    return pa.table(dict(zip(NAMES, x.T, strict=True)))


@pytest.mark.parametrize(
    ("task", "scoring"), [("binary", "roc_auc"), ("multiclass", "accuracy"), ("regression", "r2")]
)
def test_it_agrees_with_scikit_learn_within_the_noise_of_shuffling(task, scoring):
    predictor, (x, y) = fitted(task), world(task, 1000)
    found = measure(predictor, table_of(x), y, features=NAMES, seed=0)
    theirs = permutation_importance(predictor.model, x, y, scoring=scoring, n_repeats=30, random_state=0)
    for ours, mean, spread in zip(found, theirs.importances_mean, theirs.importances_std, strict=True):
        assert ours.value == pytest.approx(mean, abs=4 * spread / np.sqrt(3) + 1e-9)


@given(st.integers(0, 1000), st.integers(1, 6))
def test_row_parts_average_to_the_metric(seed, levels):
    """Coarse scores, so that ties are common."""
    rng = np.random.default_rng(seed)
    y, score = rng.integers(0, 2, 30), rng.integers(0, levels, 30) / levels
    y[:2] = (0, 1)
    below, above = row_parts("binary", y, np.stack([1 - score, score], axis=1))
    assert below.mean() == pytest.approx(roc_auc_score(y, score))
    assert above.mean() == pytest.approx(roc_auc_score(y, score))
    scores = rng.random((30, 4))
    (right,) = row_parts("multiclass", y, scores)
    assert right.mean() == pytest.approx(accuracy_score(y, scores.argmax(axis=1)))
    (fit,) = row_parts("regression", score + y, score)
    assert fit.mean() == pytest.approx(r2_score(score + y, score))


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_interval_covers_what_many_fresh_rows_say(task):
    predictor = fitted(task)
    truth = measure(predictor, *_split(world(task, 40_000, seed=9)), features=NAMES, seed=0)
    hits = np.zeros((80, 3))
    for draw in range(80):
        found = measure(predictor, *_split(world(task, 300, seed=100 + draw)), features=NAMES, seed=draw)
        hits[draw] = [ours.low <= true.value <= ours.high for ours, true in zip(found, truth, strict=True)]
    assert hits[:, :2].mean() >= 0.9


def _split(drawn):
    return table_of(drawn[0]), drawn[1]


def test_a_column_that_does_not_matter_is_worth_nothing():
    predictor = fitted("regression")
    predictor.model.coef_[2] = 0.0
    x, y = world("regression", 200)
    last = measure(predictor, table_of(x), y, features=NAMES, seed=0)[2]
    assert (last.value, last.low, last.high) == pytest.approx((0, 0, 0), abs=1e-12)
