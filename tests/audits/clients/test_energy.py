"""A stage's energy by client and round: parts that sum to the whole, divided by hand."""

import pytest
from assay.audits.clients.energy import measure
from hypothesis import given
from hypothesis import strategies as st

READING = {"kwh": 0.5, "low": 0.2, "high": 0.9, "cpu_seconds": 100.0, "method": "rapl", "estimated": False}


def spent(number, server, *clients, silent=0):
    told = {str(client): seconds for client, seconds in enumerate(clients) if seconds}
    return {"round": number, "server": server, "clients": told, "silent": silent}


def test_parts_are_shares_of_processor_time():
    rounds = [spent(1, 5.0, 10.0, 20.0), spent(2, 5.0, 10.0, 0.0, silent=1), spent(0, 10.0)]
    found = measure(READING, {"shared": True, "rounds": rounds}, ["a", "b"])
    assert found.missing == {}
    assert found.values["clients"] == pytest.approx({"a": 0.1, "b": 0.1})
    assert found.values["server"] == pytest.approx(0.3)  # of 100 CPU seconds the clients claim 40
    assert [one["round"] for one in found.values["rounds"]] == [1, 2]
    assert [one["clients"] for one in found.values["rounds"]] == pytest.approx([0.15, 0.05])
    assert [one["server"] for one in found.values["rounds"]] == pytest.approx([0.025, 0.025])
    assert (found.values["silent"], found.values["method"]) == (1, "rapl")


def test_clients_of_other_processes_are_not_in_the_meters_seconds():
    rounds = [spent(1, 20.0, 30.0, 150.0), spent(0, 0.0)]
    found = measure(READING, {"shared": False, "rounds": rounds}, ["a", "b"]).values
    assert found["clients"] == pytest.approx({"a": 0.075, "b": 0.375})
    assert found["server"] == pytest.approx(0.05)


seconds = st.floats(0, 1e4)


@given(
    st.lists(st.tuples(seconds, seconds, seconds), min_size=1, max_size=6),
    st.booleans(),
    st.floats(0.01, 1e5),
)
def test_server_and_clients_sum_to_the_stages_reading(rounds, shared, cpu):
    effort = {
        "shared": shared,
        "rounds": [*(spent(number + 1, *row) for number, row in enumerate(rounds)), spent(0, 1.0)],
    }
    found = measure(READING | {"cpu_seconds": cpu}, effort, ["a", "b"]).values
    assert found["server"] + sum(found["clients"].values()) == pytest.approx(0.5)
    assert sum(one["clients"] for one in found["rounds"]) == pytest.approx(sum(found["clients"].values()))


def test_no_reading_is_no_zero():
    found = measure({"flags": ["unread: cpu: no counter"]}, {"shared": True, "rounds": []}, [])
    assert found.values == {}
    assert found.missing == {"": "The meter has no reading of the stage: unread: cpu: no counter."}


def test_where_no_time_was_told_nothing_is_divided():
    found = measure(READING, {"shared": False, "rounds": [spent(0, 0.0)]}, ["a"])
    assert "No processor time" in found.missing[""]
