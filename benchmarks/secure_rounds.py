"""What secure aggregation adds to a round: bytes and seconds, 10 clients, 100 thousand and a million weights.

Clients send back what they got, so that only messages and masks are timed. Both kinds of rounds train and
judge. Seconds are of processor time in one process, so the work of ten clients and the server is in them.
"""

import logging
import time

import numpy as np
from assay.platform.federated.asking import Ask, one_by_one
from assay.platform.federated.census import take_census
from assay.platform.federated.config import FederatedConfig
from assay.platform.federated.course import Course, Result
from assay.platform.federated.grids.in_process import in_process
from assay.platform.federated.messages import ARRAYS, CONFIG, EXAMPLES, METRICS, PARTITION, ROUND
from assay.platform.federated.rounds import run_rounds
from assay.platform.federated.secure.client import in_secret
from assay.platform.federated.secure.config import SecureConfig
from assay.platform.federated.secure.records import size
from assay.platform.federated.secure.summing import SecureSums
from assay.platform.federated.strategies import build_strategy
from flwr.app import Array, ArrayRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid
from record import write

SEED, CLIENTS, ROUNDS = 0, 10, 2


def echoing() -> ClientApp:
    """Clients that send the weights back."""
    app = ClientApp()

    @app.query(mods=[in_secret])
    def query(message: Message, context) -> Message:
        numbers = MetricRecord({PARTITION: context.node_config[PARTITION], "train": 1, "validation": 1})
        return Message(RecordDict({METRICS: numbers}), reply_to=message)

    @app.train(mods=[in_secret])
    def train(message: Message, context) -> Message:
        number = message.content[CONFIG][ROUND]
        numbers = MetricRecord({EXAMPLES: 100.0, "train-loss": 0.0, ROUND: number})
        return Message(RecordDict({ARRAYS: message.content[ARRAYS], METRICS: numbers}), reply_to=message)

    @app.evaluate(mods=[in_secret])
    def evaluate(message: Message, context) -> Message:
        number = message.content[CONFIG][ROUND]
        numbers = MetricRecord({EXAMPLES: 10.0, "rows": 10, "loss": 0.0, ROUND: number})
        return Message(RecordDict({METRICS: numbers}), reply_to=message)

    return app


def rounds(weights: ArrayRecord, ask: Ask) -> Result:
    """What came of all rounds."""
    watchers = (ask,) if isinstance(ask, SecureSums) else ()
    with in_process(echoing(), CLIENTS) as grid:
        census = take_census(grid, CLIENTS, 5.0, getattr(ask, "census", None))
        strategy = build_strategy(
            FederatedConfig(), clients=census.clients, shares=census.shares, parameters=()
        )
        course = Course(work="", rounds=ROUNDS, factor=lambda step: 1.0)
        found = run_rounds(grid, strategy, weights, course, census, ask=ask, watchers=watchers)
        assert found.faults == []
        return found


class Counted:
    """Another way of asking, whose messages are weighed."""

    def __init__(self, ask: Ask):
        self.ask, self.bytes = ask, 0

    def __call__(self, grid: Grid, messages, asked, wanted, timeout):
        self.bytes += sum(size(message.content) for message in messages)
        answers = self.ask(grid, messages, asked, wanted, timeout)
        self.bytes += sum(size(answer.content) for answer in answers.each.values())
        return answers


def row(parameters: int) -> dict[str, object]:
    """Plain rounds and secure ones in turns."""
    draw = np.random.default_rng(SEED)
    weights = ArrayRecord({"w": Array(draw.normal(0, 0.1, parameters).astype(np.float32))})
    contenders = {
        "plain": lambda: rounds(weights, one_by_one),
        "secure": lambda: rounds(weights, SecureSums(SecureConfig(), SEED)),
    }
    seconds = {name: [] for name in contenders}
    for _ in range(3):
        for name, run in contenders.items():
            begun = time.process_time()
            run()
            seconds[name].append((time.process_time() - begun) / ROUNDS)
    plain = Counted(one_by_one)
    rounds(weights, plain)
    secret = contenders["secure"]()
    assert np.abs(secret.arrays["w"].numpy() - weights["w"].numpy()).max() < 2e-6
    sent = sum(told["bytes"] for told in secret.watched[SecureSums.name])
    return {
        "parameters": parameters,
        "clients": CLIENTS,
        "plain_cpu_s_a_round": min(seconds["plain"]),
        "secure_cpu_s_a_round": min(seconds["secure"]),
        "plain_mb_a_round": plain.bytes / ROUNDS / 1e6,
        "secure_mb_a_round": sent / ROUNDS / 1e6,
        "more_bytes": sent / plain.bytes,
    }


def main() -> None:
    """Print the table and write it down."""
    logging.getLogger("flwr").setLevel(logging.CRITICAL)
    write("secure_rounds", [row(100_000), row(1_000_000)], seed=SEED)


if __name__ == "__main__":
    main()
