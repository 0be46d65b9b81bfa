"""Coalitions of a round's answers and their losses, on a quadratic where all is known by hand."""

import itertools

import numpy as np
import pytest
from assay.platform.federated.contributions import Contributions, coalitions
from assay.platform.federated.course import Result, Round
from assay.platform.federated.messages import ARRAYS, EXAMPLES, METRICS
from flwr.app import Array, ArrayRecord, MetricRecord, RecordDict

START, SENT, ROWS = 10.0, (4.0, 6.0, 9.0), (1.0, 2.0, 1.0)


class Answer:
    """As much of a message as a watcher looks at."""

    def __init__(self, weights, examples):
        arrays = ArrayRecord({"x": Array(np.array([weights])), "y": Array(np.full((2, 2), weights))})
        self.content = RecordDict({ARRAYS: arrays, METRICS: MetricRecord({EXAMPLES: examples})})


@pytest.fixture
def seen():
    """A round of the three clients 1, 4 and 5."""
    before = ArrayRecord({"x": Array(np.array([START])), "y": Array(np.full((2, 2), START))})
    answers = {client: Answer(x, n) for client, x, n in zip((1, 4, 5), SENT, ROWS, strict=True)}
    return Round(
        number=3,
        before=before,
        answers=answers,  # type: ignore[arg-type]
        joined=before,
        judged={},
        entry={},
        seconds=0.0,
        result=Result(before),
    )


def squared(arrays, number):
    """Two clients judge by x², one of them with three times the rows; the other array agrees."""
    x = arrays["x"].numpy().item()
    np.testing.assert_allclose(arrays["y"].numpy(), x)
    return {0: {"loss": x * x, EXAMPLES: 1.0}, 7: {"loss": 2 * x * x, EXAMPLES: 3.0}}


def by_hand(members):
    if not members:
        return START**2 * 7 / 4
    x = sum(SENT[i] * ROWS[i] for i in members) / sum(ROWS[i] for i in members)
    return x**2 * 7 / 4


def test_every_subset_is_judged_in_the_order_of_its_binary_digits(seen):
    found = Contributions("shapley", squared).round(seen)
    expected = [by_hand([i for i in range(3) if mask >> i & 1]) for mask in range(8)]
    assert found["losses"] == pytest.approx(expected)
    assert (found["round"], found["clients"], found["judges"]) == (3, [1, 4, 5], 2)


def test_each_client_is_left_out_once(seen):
    found = Contributions("leave_one_out", squared).round(seen)
    without = [by_hand(rest) for rest in ([1, 2], [0, 2], [0, 1])]
    assert found["losses"] == pytest.approx([by_hand([]), by_hand([0, 1, 2]), *without])


def test_the_subsets_are_all_there_are():
    rows = {tuple(row) for row in coalitions("shapley", 5).tolist()}
    assert rows == set(itertools.product([False, True], repeat=5))


def test_a_client_that_judges_only_some_coalitions_counts_for_none(seen):
    calls = iter(range(100))

    def fails_once(arrays, number):
        told = squared(arrays, number)
        if next(calls) == 5:
            del told[7]
        return told

    found = Contributions("shapley", fails_once).round(seen)
    assert found["judges"] == 1
    assert found["losses"] == pytest.approx(
        [by_hand([i for i in range(3) if mask >> i & 1]) * 4 / 7 for mask in range(8)]
    )


@pytest.mark.parametrize(
    "judge",
    [lambda arrays, number: {}, lambda arrays, number: {0: {"loss": 0.0, EXAMPLES: 0.0}}],
    ids=["nobody answers", "nobody has validation rows"],
)
def test_where_nobody_judges_there_are_no_losses(seen, judge):
    assert Contributions("leave_one_out", judge).round(seen)["losses"] is None
