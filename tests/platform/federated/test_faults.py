"""A client that dies, is slow, sends nonsense or an old answer is left out and counted; the round goes on."""

import io
import time

import numpy as np
import pytest
from assay.platform.exceptions import AssayError
from assay.platform.federated.census import take_census
from assay.platform.federated.grids.in_process import InProcessGrid, in_process
from assay.platform.federated.messages import ARRAYS, EXAMPLES, METRICS, ROUND
from flwr.app import Array, ArrayRecord, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

START = {"w": np.zeros(3), "b": np.zeros(1)}


def good(client, number, weights):
    return {"w": np.full(3, float(client)), "b": np.full(1, float(number))}


def died(answer):
    raise MemoryError("killed")


def slow(answer):
    time.sleep(1.2)
    return answer(good(0, 1, None), 1.0, 1)


def changed(**records):
    def make(answer):
        content = answer(good(0, 1, None), 1.0, 1)
        return RecordDict(
            {name: record for name, record in {**content, **records}.items() if record is not None}
        )

    return make


def arrays(**parts):
    return ArrayRecord({name: Array(np.asarray(part)) for name, part in parts.items()})


def numbers(**changes):
    told = {EXAMPLES: 1.0, "train-loss": 0.0, ROUND: 1, **changes}
    return MetricRecord({name: value for name, value in told.items() if value is not None})


FAULTS = {
    "dies": (died, "raised"),
    "is slow": (slow, "missing"),
    "sends NaN": (changed(**{ARRAYS: arrays(w=[0, np.nan, 0], b=[0.0])}), "not_finite"),
    "sends infinity": (changed(**{ARRAYS: arrays(w=[0, np.inf, 0], b=[0.0])}), "not_finite"),
    "sends a wrong shape": (changed(**{ARRAYS: arrays(w=np.zeros((3, 1)), b=[0.0])}), "shape"),
    "sends another precision": (changed(**{ARRAYS: arrays(w=np.zeros(3, np.float16), b=[0.0])}), "shape"),
    "leaves an array out": (changed(**{ARRAYS: arrays(w=np.zeros(3))}), "shape"),
    "adds an array": (changed(**{ARRAYS: arrays(w=np.zeros(3), b=[0.0], c=[0.0])}), "shape"),
    "sends no arrays": (changed(**{ARRAYS: None}), "shape"),
    "sends no numbers": (changed(**{METRICS: None}), "malformed"),
    "answers an older round": (changed(**{METRICS: numbers(**{ROUND: 0})}), "stale"),
    "leaves its round out": (changed(**{METRICS: numbers(**{ROUND: None})}), "stale"),
    "has no rows": (changed(**{METRICS: numbers(**{EXAMPLES: 0})}), "malformed"),
    "has fewer rows than none": (changed(**{METRICS: numbers(**{EXAMPLES: -5.0})}), "malformed"),
    "counts without end": (changed(**{METRICS: numbers(**{EXAMPLES: float("inf")})}), "not_finite"),
    "says no loss": (changed(**{METRICS: numbers(**{"train-loss": None})}), "malformed"),
    "says losses": (changed(**{METRICS: numbers(**{"train-loss": [0.0, 1.0]})}), "malformed"),
    "sends bytes for an array": (
        changed(
            **{
                ARRAYS: ArrayRecord(
                    {"w": Array("float64", (3,), "numpy.ndarray", b"no"), "b": Array(np.zeros(1))}
                )
            }
        ),
        "malformed",
    ),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_client_that_fails_is_left_out_and_the_round_goes_on(lead, values, answer, what):
    fault, kind = FAULTS[what]

    def train(client, number, weights):
        return fault(answer) if client == 0 else good(client, number, weights)

    result = lead(train, START, examples=[1.0, 1.0, 3.0], course={"timeout": 0.8})
    np.testing.assert_allclose(values(result)["w"], (1 * 1.0 + 3 * 2.0) / 4)
    assert [(fault.round, fault.client, fault.kind) for fault in result.faults] == [(1, 0, kind)]
    assert result.asked == {0: 1, 1: 1, 2: 1}
    assert result.counted == {0: 0, 1: 1, 2: 1}
    assert result.history[0]["clients"] == 2


def test_pickled_arrays_are_not_opened(lead, answer, tmp_path):
    """numpy would run whatever a pickle says."""

    class Harm:
        def __reduce__(self):
            return open, (str(tmp_path / "harm"), "w")

    buffer = io.BytesIO()
    np.save(buffer, np.array([Harm()], dtype=object), allow_pickle=True)
    bad = ArrayRecord(
        {"w": Array("float64", (3,), "numpy.ndarray", buffer.getvalue()), "b": Array(np.zeros(1))}
    )

    def train(client, number, weights):
        return changed(**{ARRAYS: bad})(answer) if client == 0 else good(client, number, weights)

    result = lead(train, START, examples=[1.0, 1.0])
    assert [fault.kind for fault in result.faults] == ["malformed"]
    assert not (tmp_path / "harm").exists()


def test_numbers_that_only_one_client_sends_do_not_end_the_round(lead, answer):
    """Flower's mean of numbers fails where clients send different ones."""

    def train(client, number, weights):
        return (
            changed(**{METRICS: numbers(surprise=1.0)})(answer)
            if client == 0
            else good(client, number, weights)
        )

    result = lead(train, START, examples=[1.0, 1.0])
    assert result.faults == []


def test_arrays_in_another_order_are_put_in_the_order_that_was_sent(lead, values):
    """Krum and server momentum lay arrays side by side by position."""

    def train(client, number, weights):
        found = good(client, number, weights)
        return {"b": found["b"], "w": found["w"]} if client == 0 else found

    result = lead(train, START, examples=[1.0, 1.0, 1.0], strategy="krum", options={"num_malicious_nodes": 0})
    assert {name: part.shape for name, part in values(result).items()} == {"w": (3,), "b": (1,)}
    assert result.faults == []


def test_too_few_answers_are_a_clear_end(lead, answer):
    def train(client, number, weights):
        return died(answer) if client < 2 else good(client, number, weights)

    with pytest.raises(
        AssayError, match="round 1: 1 of 3 clients answered as they should, 2 are needed"
    ) as caught:
        lead(train, START, examples=[1.0] * 3, course={"least": 2})
    assert "client 0: raised: MemoryError: killed" in str(caught.value)


def test_a_client_that_comes_back_counts_again(lead, answer):
    def train(client, number, weights):
        return died(answer) if client == 0 and number == 2 else good(client, number, weights)

    result = lead(train, START, examples=[1.0, 1.0], rounds=3)
    assert result.counted == {0: 2, 1: 3}
    assert [(fault.round, fault.client) for fault in result.faults] == [(2, 0)]


def test_a_client_that_has_gone_is_counted_and_the_others_go_on(lead, values, monkeypatch):
    looks = iter(range(100))

    def nodes(grid):
        return [1, 2, 3] if next(looks) == 0 else [2, 3]  # all are there for the census

    monkeypatch.setattr(InProcessGrid, "get_node_ids", nodes)
    result = lead(good, START, examples=[1.0, 1.0, 3.0])
    assert [(fault.client, fault.kind) for fault in result.faults] == [(0, "missing")]
    np.testing.assert_allclose(values(result)["w"], (1 * 1.0 + 3 * 2.0) / 4)


def test_when_everybody_has_gone_it_ends_and_does_not_wait(lead, monkeypatch):
    looks = iter(range(100))
    monkeypatch.setattr(InProcessGrid, "get_node_ids", lambda grid: [1, 2] if next(looks) == 0 else [])
    with pytest.raises(AssayError, match="0 of 2 clients answered as they should"):
        lead(good, START, examples=[1.0, 1.0])


def test_clients_that_are_not_there_in_time_are_an_end_before_the_first_round():
    with in_process(ClientApp(), 2) as grid:
        with pytest.raises(AssayError, match="2 of 3 clients are there after 0 seconds"):
            take_census(grid, 3, 0.0)
        with pytest.raises(AssayError, match="one node each; those that answered are"):
            take_census(grid, 2, 1.0)  # an app that answers nothing


def test_a_judge_that_fails_is_left_out_too(lead):
    calls = iter(range(100))

    def loss(weights):
        return float("nan") if next(calls) == 0 else 2.0

    result = lead(good, START, examples=[1.0, 1.0], loss=loss)
    assert result.history[0]["validation_loss"] == 2.0
    assert [(fault.client, fault.kind) for fault in result.faults] == [(0, "not_finite")]
