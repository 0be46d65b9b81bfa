"""The choice of single predictions."""

import numpy as np
from assay.audits.explanation.examples import choose
from hypothesis import given
from hypothesis import strategies as st

# right, right, wrong, badly wrong, torn (right), right, right
POSITIVE = np.array([0.1, 0.8, 0.4, 0.01, 0.51, 0.3, 0.4])
SCORES = np.stack([1 - POSITIVE, POSITIVE], axis=1)
Y_TRUE = np.array([0, 1, 1, 1, 1, 0, 0])
Y_PRED = SCORES.argmax(axis=1)


def chosen(count):
    return [(example.index, example.kind) for example in choose(Y_TRUE, Y_PRED, SCORES, count=count)]


def test_the_worst_mistake_the_closest_call_and_an_ordinary_row_come_first():
    assert chosen(3) == [(3, "mistake"), (4, "uncertain"), (5, "typical")]


def test_classes_take_turns():
    """After the closest call, which is of class 1, the closest call of class 0."""
    assert [row for row, kind in chosen(5) if kind == "uncertain"] == [4, 6]


def test_no_more_rows_than_there_are():
    assert len(chosen(100)) == len(Y_TRUE)


@given(st.integers(1, 30), st.integers(2, 5), st.integers(0, 12), st.integers(0, 1000))
def test_rows_are_different_and_of_the_kind_that_they_are_called(rows, classes, count, seed):
    rng = np.random.default_rng(seed)
    scores = rng.dirichlet(np.ones(classes), size=rows)
    y_true, y_pred = rng.integers(0, classes, rows), scores.argmax(axis=1)
    found = choose(y_true, y_pred, scores, count=count)
    assert len(found) == min(count, rows)
    assert len({example.index for example in found}) == len(found)
    for example in found:
        right = y_true[example.index] == y_pred[example.index]
        assert example.kind == "uncertain" or right == (example.kind == "typical")


def test_regression_shows_the_largest_errors_and_ordinary_ones():
    y_true, y_pred = np.zeros(5), np.array([0.1, -9.0, 0.2, 0.3, 5.0])
    found = choose(y_true, y_pred, y_pred, count=3)
    assert [(example.index, example.kind) for example in found] == [
        (1, "mistake"),
        (4, "mistake"),
        (3, "typical"),
    ]
