"""The grid without servers does what a strategy of Flower's asks of a grid."""

import time

import numpy as np
import pytest
from assay.platform.federated.cohort import Cohort
from assay.platform.federated.grids.in_process import in_process, run_in_process
from assay.platform.federated.messages import PARTITION
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import ServerApp
from flwr.serverapp.strategy import FedAvg
from flwr.supercore.task_identity import TaskIdentity


def adder() -> ClientApp:
    """Adds one more than its number, counts how often, and writes into the record that it was given."""
    app = ClientApp()

    @app.train()
    def train(message, context):
        client = context.node_config[PARTITION]
        times = context.state.config_records.get("times", ConfigRecord({"n": 0}))["n"] + 1
        context.state["times"] = ConfigRecord({"n": times})
        if client == message.content["config"].get("fails", -1):
            raise ValueError("no")
        if client == message.content["config"].get("slow", -1):
            time.sleep(0.1)
        message.content["config"]["server-round"] = -100
        values = message.content["arrays"]["w"].numpy() + client + 1
        return Message(
            RecordDict(
                {
                    "arrays": ArrayRecord({"w": Array(values)}),
                    "metrics": MetricRecord({"num-examples": 1, "times": times}),
                }
            ),
            reply_to=message,
        )

    return app


def ask(**config) -> RecordDict:
    return RecordDict({"arrays": ArrayRecord({"w": Array(np.zeros(2))}), "config": ConfigRecord(config)})


def test_flowers_own_loop_runs_on_it():
    found = []
    server = ServerApp()

    @server.main()
    def main(grid, context):
        strategy = FedAvg(fraction_evaluate=0.0, min_available_nodes=3)
        start = ArrayRecord({"w": Array(np.zeros(2))})
        found.append(strategy.start(grid=grid, initial_arrays=start, num_rounds=2))

    run_in_process(server, adder(), 3)
    np.testing.assert_allclose(found[0].arrays["w"].numpy(), 2 * (1 + 2 + 3) / 3)
    assert found[0].train_metrics_clientapp[2]["times"] == 2  # clients keep their state between rounds


def test_an_exception_at_a_client_is_an_error_message_of_that_node():
    with in_process(adder(), 3) as grid:
        messages = [Message(ask(fails=1), node, "train") for node in grid.get_node_ids()]
        replies = list(grid.send_and_receive(messages))
    assert [reply.has_error() for reply in replies] == [False, True, False]
    assert replies[1].metadata.src_node_id == 2
    assert "ValueError: no" in replies[1].error.reason


def test_an_answer_that_took_too_long_does_not_arrive_then_or_later():
    with in_process(adder(), 3) as grid:
        messages = [Message(ask(slow=0), node, "train") for node in grid.get_node_ids()]
        assert [reply.metadata.src_node_id for reply in grid.send_and_receive(messages, timeout=0.05)] == [
            2,
            3,
        ]
        assert list(grid.pull_messages([message.metadata.message_id for message in messages])) == []


def test_messages_of_a_round_may_share_records_that_clients_write_into():
    with in_process(adder(), 2) as grid:
        shared = ask()
        replies = grid.send_and_receive([Message(shared, node, "train") for node in grid.get_node_ids()])
        assert [reply.content["arrays"]["w"].numpy()[0] for reply in replies] == [1.0, 2.0]
    assert dict(shared["config"]) == {}


def test_pushed_messages_wait_until_they_are_pulled():
    with in_process(adder(), 2) as grid:
        made = grid.create_message(ask(), "train", 2, "1")
        ids = list(grid.push_messages([made]))
        replies = list(grid.pull_messages(ids))
        assert [reply.metadata.reply_to_message_id for reply in replies] == ids
        assert list(grid.pull_messages(ids)) == []
        grid.set_run(grid.run)


def test_the_process_is_given_back_as_it_was():
    TaskIdentity._run_id = None
    with in_process(adder(), 1):
        assert TaskIdentity.run_id == 1
    assert TaskIdentity._run_id is None
    with pytest.raises(RuntimeError), in_process(adder(), 1):
        raise RuntimeError
    assert TaskIdentity._run_id is None


def test_a_cohort_shows_its_nodes_and_passes_messages_on():
    with in_process(adder(), 3) as grid:
        cohort = Cohort(grid, [3, 1])
        assert list(cohort.get_node_ids()) == [3, 1]
        replies = cohort.send_and_receive([Message(ask(), 3, "train")])
        assert [reply.content["arrays"]["w"].numpy()[0] for reply in replies] == [3.0]
        ids = list(cohort.push_messages([cohort.create_message(ask(), "train", 1, "1")]))
        assert len(list(cohort.pull_messages(ids))) == 1
        cohort.set_run(cohort.run)
        assert cohort.run is grid.run
