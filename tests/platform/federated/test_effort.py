"""Processor time by client and round, from answers that claim it."""

import time

import pytest
from assay.platform.federated.course import Result, Round
from assay.platform.federated.effort import CPU_SECONDS, Effort, timed
from assay.platform.federated.grids.in_process import in_process
from assay.platform.federated.messages import METRICS, PARTITION
from flwr.app import ArrayRecord, Message, MessageType, MetricRecord, RecordDict
from flwr.clientapp import ClientApp


def burn(seconds):
    begun = time.process_time()
    while time.process_time() - begun < seconds:
        pass


def claiming(said):
    """Clients whose answers hold this claim, each its own."""
    app = ClientApp()

    @app.evaluate()
    def judge(message, context):
        claim = said[context.node_config[PARTITION]]
        record = MetricRecord({"loss": 1.0} | ({} if claim is None else {CPU_SECONDS: claim}))
        return Message(RecordDict({METRICS: record}), reply_to=message)

    return app


def ask(grid, clients):
    return list(
        grid.send_and_receive(
            [Message(RecordDict(), client + 1, MessageType.EVALUATE) for client in clients], timeout=5
        )
    )


def over(number):
    record = ArrayRecord()
    return Round(
        number=number,
        before=record,
        answers={},
        joined=record,
        judged={},
        entry={},
        seconds=0.0,
        result=Result(record),
    )


def test_claims_are_added_up_by_client_and_round_and_nobody_else_sees_them():
    effort = Effort(shared=False)
    with in_process(claiming([0.25, 2.0, 4.0]), 3) as grid:
        through = effort.through(grid, {1: 0, 2: 1, 3: 2})
        replies = ask(through, [0, 1]) + ask(through, [1])
        assert effort.round(over(1)) is None
        ask(through, [2])
        effort.round(over(2))
    assert all(CPU_SECONDS not in reply.content[METRICS] for reply in replies)
    first, second, rest = effort.to_json()["rounds"]
    assert (first["round"], first["clients"], first["silent"]) == (1, {"0": 0.25, "1": 4.0}, 0)
    assert (second["round"], second["clients"]) == (2, {"2": 4.0})
    assert (rest["round"], rest["clients"]) == (0, {})


@pytest.mark.parametrize("claim", [None, -1.0, float("nan"), float("inf"), [1.0]])
def test_a_claim_that_makes_no_sense_is_silence(claim):
    effort = Effort(shared=False)
    with in_process(claiming([claim, 1.0]), 2) as grid:
        ask(effort.through(grid, {1: 0, 2: 1}), [0, 1])
    (rest,) = effort.to_json()["rounds"]
    assert (rest["clients"], rest["silent"]) == ({"1": 1.0}, 1)


def test_an_answer_that_never_comes_is_silence():
    app = ClientApp()

    @app.evaluate()
    def judge(message, context):
        raise MemoryError("killed")

    effort = Effort(shared=False)
    with in_process(app, 1) as grid:
        assert ask(effort.through(grid, {1: 0}), [0])[0].has_error()
    assert effort.to_json()["rounds"][0]["silent"] == 1


def test_a_client_says_how_long_the_processor_worked_for_it_and_sleep_is_no_work():
    @timed
    def handler(message, context):
        burn(0.05)
        time.sleep(0.3)
        return Message(RecordDict({METRICS: MetricRecord({"loss": 1.0})}), reply_to=message)

    app = ClientApp()
    app.evaluate()(handler)
    with in_process(app, 1) as grid:
        (reply,) = ask(grid, [0])
    assert 0.05 <= reply.content[METRICS][CPU_SECONDS] < 0.3


def test_where_clients_run_in_this_process_the_server_has_the_rest():
    effort, begun = Effort(shared=True), time.process_time()
    with in_process(claiming([0.04]), 1) as grid:
        ask(effort.through(grid, {1: 0}), [0])
    burn(0.1)
    (rest,) = effort.to_json()["rounds"]
    spent = time.process_time() - begun
    assert rest["server"] + 0.04 == pytest.approx(spent, abs=0.02)
