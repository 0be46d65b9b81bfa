"""Secure sums in the rounds, over Flower's messages: the same weights, whoever drops out, and no more."""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pytest
from assay.platform.exceptions import AssayError, CombinationError, SpecError
from assay.platform.federated.cohort import Cohort
from assay.platform.federated.config import FederatedConfig
from assay.platform.federated.messages import METRICS
from assay.platform.federated.secure.client import MASKED, SECURE
from assay.platform.federated.secure.config import SecureConfig
from assay.platform.federated.secure.refused import check_secure
from assay.platform.federated.secure.summing import SecureSums, told_of_sums
from flwr.app import Array, ArrayRecord, ConfigRecord, MetricRecord, RecordDict

START = {"w": np.array([[1.0, -2.0], [0.5, 3.0]]), "b": np.array([0.25])}
EXAMPLES = [10.0, 30.0, 60.0, 7.0, 1.0, 12.0, 44.0, 3.0, 9.0, 25.0]
CONFIG = SecureConfig()
STEP = 2 * CONFIG.clip / (2**CONFIG.bits - 1)


def moved(client, number, weights):
    return {name: part + (client + 1) * number * 0.1 + 0.01 * part for name, part in weights.items()}


class Between(Cohort):
    """A grid that changes or loses answers, and keeps all that the server sees."""

    def __init__(self, grid, change):
        super().__init__(grid, grid.get_node_ids())
        self.change, self.seen = change, []

    def send_and_receive(self, messages, *, timeout=None):
        sent = {}
        for message in messages:
            record = message.content.config_records.get(SECURE, {})
            sent[message.metadata.dst_node_id] = (record.get("step"), message)
        asked = [message for step, message in sent.values()]
        found = []
        for reply in self.grid.send_and_receive(asked, timeout=timeout):
            node = reply.metadata.src_node_id
            answer = self.change(sent[node][0], node - 1, reply)
            found += [] if answer is None else [answer]
        self.seen += [(sent[reply.metadata.src_node_id][0], reply) for reply in found]
        return found


def secretly(lead, change=lambda step, client, reply: reply, config=CONFIG, examples=EXAMPLES, **told):
    """Rounds with secure sums; their result, and what the server saw."""
    grids, sums = [], SecureSums(config, 0)

    def through(grid):
        grids.append(Between(grid, change))
        return grids[0]

    told = {"watchers": (sums,), "loss": falling()} | told
    result = lead(moved, START, examples=examples, ask=sums, through=through, **told)
    return result, grids[0].seen


def falling():
    """A loss that falls from round to round, so that the last is the best."""
    counter = iter(range(100_000))
    return lambda weights: -float(next(counter))


def mean(clients, number=1, start: Mapping[str, np.ndarray] = START):
    weights = [EXAMPLES[client] for client in clients]
    found = [moved(client, number, start) for client in clients]
    return {name: np.average([part[name] for part in found], axis=0, weights=weights) for name in start}


def near(got, expected, bound=STEP):
    for name in expected:
        assert np.abs(got[name] - expected[name]).max() < bound, name


def test_a_round_is_the_weighted_mean_within_the_stated_bound(lead, values):
    result, _ = secretly(lead)
    near(values(result), mean(range(10)))
    assert result.counted == dict.fromkeys(range(10), 1)
    assert result.faults == []


def test_it_is_the_same_to_the_last_bit_every_time(lead, values):
    once, again = (values(secretly(lead, rounds=2)[0]) for _ in range(2))
    for name in START:
        np.testing.assert_array_equal(once[name], again[name])


@pytest.mark.parametrize(
    ("strategy", "options"),
    [
        ("fedavg", {}),
        ("fedprox", {"proximal_mu": 0.1}),
        ("fedavgm", {"server_learning_rate": 0.5, "server_momentum": 0.9}),
        ("fedadagrad", {"eta": 0.1, "tau": 1e-3}),
        ("fedadam", {"eta": 0.05}),
        ("fedyogi", {"eta": 0.05}),
    ],
)
def test_strategies_of_the_mean_give_what_they_give_in_the_clear(lead, values, strategy, options):
    told = {"strategy": strategy, "options": options, "rounds": 2}
    secret, _ = secretly(lead, **told)
    clear = lead(moved, START, examples=EXAMPLES, loss=falling(), **told)
    near(values(secret), values(clear), 1e-5)
    assert max(np.abs(values(clear)[name] - START[name]).max() for name in START) > 0.01


def test_all_clients_numbers_together_are_those_in_the_clear(lead):
    told = {"rounds": 2, "loss": lambda weights: 1.75}
    secret, _ = secretly(lead, **told)
    clear = lead(moved, START, examples=EXAMPLES, **told)
    assert secret.history == clear.history
    assert secret.judged == {}
    assert set(clear.judged) == set(range(10))


@pytest.mark.parametrize("step", ["keys", "shares", "vector", "unmask"])
@pytest.mark.parametrize("late", [False, True])
def test_three_of_ten_drop_out_at_any_step(lead, values, step, late):
    """Late ones' answers come to nobody; of the others nothing comes but that they are there."""
    gone = {1, 5, 8}

    def lose(at, client, reply):
        if at != step or client not in gone:
            return reply
        reply.content = RecordDict()
        return None if late else reply

    result, _ = secretly(lead, lose)
    counted = set(range(10)) - (gone if step != "unmask" else set())
    near(values(result), mean(sorted(counted)))
    assert {client for client, rounds in result.counted.items() if rounds} == counted
    kinds = {fault.kind for fault in result.faults}
    assert kinds == (set() if step == "unmask" else {"missing"} if late else {"stale"})
    told = told_of_sums(CONFIG, result.watched["secure"])
    assert told["dropped"][step] == 6  # in training, and again in validation
    assert sum(told["dropped"].values()) == 6
    assert told["least"] == len(counted)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("keys", "2 clients are left"),
        ("vector", "2 clients are left"),
        ("unmask", "2 of client 0's neighbours"),
    ],
)
def test_too_few_that_are_left_end_the_training(lead, step, said):
    stay = {0, 1, 2} if step == "unmask" else {0, 1}

    def lose(at, client, reply):
        return None if at == step and client not in stay else reply

    with pytest.raises(AssayError, match=said):
        secretly(lead, lose)


def altered(reply, **records):
    reply.content = RecordDict({**dict(reply.content), **records})
    return reply


@pytest.mark.parametrize(
    ("step", "kind", "change"),
    [
        ("vector", "shape", lambda reply: altered(reply, **{MASKED: array(np.zeros(3, np.uint8))})),
        ("vector", "shape", lambda reply: altered(reply, **{MASKED: array(np.zeros(91))})),
        ("vector", "stale", lambda reply: altered(reply, **{METRICS: MetricRecord({"session": 0})})),
        ("vector", "malformed", lambda reply: altered(reply, **{MASKED: ArrayRecord()})),
        ("keys", "malformed", lambda reply: altered(reply, **{SECURE: ConfigRecord({"sealing": b"short"})})),
        ("keys", "malformed", lambda reply: altered(reply, **{SECURE: ConfigRecord({"sealing": "text"})})),
        ("shares", "malformed", lambda reply: altered(reply, **{SECURE: ConfigRecord({"to": [1, 2]})})),
        ("shares", "malformed", lambda reply: altered(reply, **{SECURE: ConfigRecord({"to": 0.5})})),
    ],
)
def test_an_answer_that_is_none_is_left_out_and_counted(lead, values, step, kind, change):
    result, _ = secretly(
        lead, lambda at, client, reply: change(reply) if (at, client) == (step, 4) else reply
    )
    near(values(result), mean([client for client in range(10) if client != 4]))
    assert {(fault.client, fault.kind) for fault in result.faults} == {(4, kind)}


def array(values):
    return ArrayRecord({MASKED: Array(values)})


def test_a_client_that_fails_or_has_no_number_is_left_out(lead, values):
    def some_fail(client, number, weights):
        if client == 3:
            raise RuntimeError("out of memory")
        found = moved(client, number, weights)
        return {name: part * np.nan for name, part in found.items()} if client == 6 else found

    sums = SecureSums(CONFIG, 0)
    result = lead(some_fail, START, examples=EXAMPLES, ask=sums, watchers=(sums,))
    near(values(result), mean([client for client in range(10) if client not in (3, 6)]))
    assert [(fault.client, fault.kind) for fault in result.faults] == [(3, "raised"), (6, "raised")]
    assert "isn't finite" in result.faults[1].said


def test_the_server_sees_no_number_of_any_single_client(lead):
    """Neither weights, losses, nor how many rows: keys, sealed shares, masked vectors and shares are all."""
    _, seen = secretly(lead, rounds=2)
    allowed = {
        "census": {METRICS: {"partition-id"}},
        "keys": {SECURE: {"sealing", "masking"}, METRICS: {"session"}},
        "shares": {SECURE: {"to", "sealed", "commitment"}, METRICS: {"session"}},
        "vector": {MASKED: {MASKED}, METRICS: {"session"}},
        "unmask": {SECURE: {"survivors", "dropped"}, METRICS: {"session"}},
    }
    assert {step for step, _ in seen} == set(allowed)
    for step, reply in seen:
        assert {name: set(record) for name, record in reply.content.items()} == allowed[step]
    assert len(seen) == 10 * (1 + 2 * 2 * 4)
    assert len({bytes(reply.content[MASKED][MASKED].data) for step, reply in seen if step == "vector"}) == 40


def test_a_sum_that_was_had_before_is_refused(lead):
    """The server follows its rounds backwards: clients answer no sum twice."""
    sums = SecureSums(CONFIG, 0)

    def again(grid, messages, asked, wanted, timeout):
        sums(grid, messages, asked, wanted, timeout)
        return sums(grid, messages, asked, wanted, timeout)

    with pytest.raises(AssayError, match=r"refused: sum 2 after sum 2"):
        lead(moved, START, examples=EXAMPLES, ask=again)


def test_a_step_is_answered_once_and_its_secrets_are_forgotten_with_the_sum(lead):
    """The server asks for every step a second time, and looks at what clients still have afterwards."""
    refused, kept = [], {}

    class Twice(Cohort):
        def __init__(self, grid):
            super().__init__(grid, grid.get_node_ids())

        def send_and_receive(self, messages, *, timeout=None):
            sent = list(messages)
            step = sent[0].content.config_records[SECURE]["step"]
            replies = list(self.grid.send_and_receive(sent, timeout=timeout))
            if step != "census":
                again = self.grid.send_and_receive(sent, timeout=timeout)
                refused.extend((step, reply.error.reason) for reply in again)
            kept[step] = str([context.state for context in self.grid.contexts.values()])
            return replies

    sums = SecureSums(CONFIG, 0)
    lead(moved, START, examples=EXAMPLES, ask=sums, watchers=(sums,), through=Twice)
    assert Counter(step for step, _ in refused) == dict.fromkeys(("keys", "shares", "vector", "unmask"), 20)
    assert all("refused: " in said for _, said in refused)
    assert "masking" in kept["vector"]
    assert "masking" not in kept["unmask"]


def test_values_beyond_the_clip_are_cut_and_counted(lead, values):
    config = SecureConfig(clip=0.5)
    result, _ = secretly(lead, config=config)
    far = mean(range(10))
    assert max(np.abs(values(result)[name] - START[name]).max() for name in START) <= 0.5
    assert any(np.abs(values(result)[name] - far[name]).max() > 0.01 for name in START)
    changes = [moved(client, 1, START)[name] - START[name] for client in range(10) for name in START]
    expected = sum(int((np.abs(part) > 0.5).sum()) for part in changes)
    assert told_of_sums(config, result.watched["secure"])["cut"] == expected > 0


def test_where_nobody_is_there_the_round_ends_as_in_the_clear(lead):
    class Gone(Cohort):
        def __init__(self, grid):
            super().__init__(grid, grid.get_node_ids())
            self.looks = 0

        def get_node_ids(self):
            self.looks += 1
            return list(self.nodes) if self.looks == 1 else []  # gone after the census

    with pytest.raises(AssayError, match="round 1: 0 of 10 clients answered as they should"):
        lead(moved, START, examples=EXAMPLES, ask=SecureSums(CONFIG, 0), through=Gone)


def test_what_is_told_of_sums_adds_up(lead):
    result, seen = secretly(lead, rounds=2)
    told = told_of_sums(CONFIG, result.watched["secure"])
    assert told["bound"] == pytest.approx(STEP)
    assert (told["neighbours"], told["threshold"], told["least"], told["cut"]) == (9, 6, 10, 0)
    vectors = sum(len(reply.content[MASKED][MASKED].data) for step, reply in seen if step == "vector")
    assert told["bytes"] > vectors


def test_weights_that_count_by_parts_of_a_row_are_left_out(lead):
    sums = SecureSums(CONFIG, 0)
    result = lead(moved, START, examples=[1.5, *EXAMPLES[1:]], ask=sums, watchers=(sums,))
    assert {(fault.client, fault.kind) for fault in result.faults} == {(0, "raised")}
    assert "1.5 rows" in result.faults[0].said


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"strategy": "krum", "options": {"num_malicious_nodes": 1}}, "strategy: krum"),
        ({"strategy": "scaffold"}, "strategy: scaffold"),
        ({"strategy": "median"}, "strategy: median"),
        ({"contributions": "shapley"}, "federated.contributions"),
        ({"outliers": 0.05}, "federated.outliers"),
        ({"personalize": 1}, "federated.personalize"),
        ({"fraction": 0.2}, "so few clients"),
    ],
)
def test_what_a_sum_cannot_give_is_refused(told, said):
    with pytest.raises(CombinationError, match=said):
        check_secure(FederatedConfig(secure=CONFIG, **told), 10)


@pytest.mark.parametrize(
    "told", [{"clip": 0}, {"bits": 7}, {"bits": 33}, {"dropouts": 0.5}, {"colluding": -0.1}, {"clip": np.inf}]
)
def test_settings_out_of_range_are_refused(told):
    with pytest.raises(SpecError, match=f"federated.secure.{next(iter(told))} is out of range"):
        SecureConfig(**told)
