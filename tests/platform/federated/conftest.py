"""Clients that do what a test tells them, run by the real server on the real in-process grid."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from assay.platform.federated.cohort import Cohort
from assay.platform.federated.config import FederatedConfig
from assay.platform.federated.grids.in_process import in_process
from assay.platform.federated.messages import ARRAYS, CONFIG, EXAMPLES, METRICS, PARTITION, ROUND, arrays_of
from assay.platform.federated.rounds import Course, Result, run_rounds, take_census
from assay.platform.federated.strategies import build_strategy
from flwr.app import Array, ArrayRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

assert Cohort  # imported here, where Flower's own import is paid once

Weights = dict[str, np.ndarray]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Flower tells each round at length."""
    logger = logging.getLogger("flwr")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


def puppets(
    train: Callable[[int, int, Weights], Any],
    *,
    examples: list[float],
    loss: Callable[[Weights], float] = lambda weights: 0.0,
) -> ClientApp:
    """Clients whose training is a function of (client, round, weights): new weights, or a content."""
    app = ClientApp()

    @app.query()
    def query(message, context):
        client = int(context.node_config[PARTITION])
        numbers = {PARTITION: client, "train": int(examples[client]), "validation": 1}
        return Message(RecordDict({METRICS: MetricRecord(numbers)}), reply_to=message)

    @app.train()
    def learn(message, context):
        client, number = int(context.node_config[PARTITION]), int(message.content[CONFIG][ROUND])
        weights = {name: array.numpy() for name, array in message.content[ARRAYS].items()}
        told = train(client, number, weights)
        if not isinstance(told, RecordDict):
            told = answer(told, examples[client], number)
        return Message(told, reply_to=message)

    @app.evaluate()
    def judge(message, context):
        weights = {name: array.numpy() for name, array in message.content[ARRAYS].items()}
        numbers = {EXAMPLES: 1.0, "rows": 1, "loss": loss(weights), ROUND: message.content[CONFIG][ROUND]}
        return Message(RecordDict({METRICS: MetricRecord(numbers)}), reply_to=message)

    return app


def answer(weights: Weights, examples: float, number: int) -> RecordDict:
    """What a client that trained answers."""
    return RecordDict(
        {
            ARRAYS: ArrayRecord({name: Array(np.asarray(part)) for name, part in weights.items()}),
            METRICS: MetricRecord({EXAMPLES: examples, "train-loss": 0.0, ROUND: number}),
        }
    )


def lead(
    app: ClientApp,
    weights: Weights,
    *,
    clients: int,
    rounds: int = 1,
    course: dict[str, Any] | None = None,
    **told,
) -> Result:
    """Lead rounds over such clients; `told` is the section `federated` of the spec."""
    config = FederatedConfig(rounds=rounds, **told)
    settings = {"work": "", "rounds": rounds, "factor": lambda step: 1.0, "fraction": config.fraction}
    with in_process(app, clients) as grid:
        census = take_census(grid, clients, 5.0)
        strategy = build_strategy(
            config, clients=census.clients, shares=census.shares, parameters=tuple(weights)
        )
        arrays = arrays_of({name: torch.from_numpy(part) for name, part in weights.items()})
        return run_rounds(grid, strategy, arrays, Course(**settings | (course or {})), census)


def values(result: Result) -> Weights:
    """The global weights that came of it."""
    return {name: array.numpy() for name, array in result.arrays.items()}
