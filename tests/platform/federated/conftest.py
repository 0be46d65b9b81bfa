"""Clients that do what a test tells them, led by the real server on the real in-process grid."""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from assay.platform.federated.asking import Ask, one_by_one
from assay.platform.federated.census import take_census
from assay.platform.federated.cohort import Draw, fixed_share
from assay.platform.federated.config import FederatedConfig
from assay.platform.federated.course import Course, Result, Watcher
from assay.platform.federated.grids.in_process import in_process
from assay.platform.federated.messages import (
    ARRAYS,
    CONFIG,
    EXAMPLES,
    METRICS,
    PARTITION,
    ROUND,
    arrays_of,
)
from assay.platform.federated.rounds import run_rounds
from assay.platform.federated.secure.client import in_secret
from assay.platform.federated.strategies import build_strategy
from flwr.app import Array, ArrayRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid
from flwr.serverapp.strategy import FedAvg

Weights = dict[str, np.ndarray]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Flower tells each round at length."""
    logger = logging.getLogger("flwr")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


def _answer(weights: Weights, examples: float, number: int) -> RecordDict:
    return RecordDict(
        {
            ARRAYS: ArrayRecord({name: Array(np.asarray(part)) for name, part in weights.items()}),
            METRICS: MetricRecord({EXAMPLES: examples, "train-loss": 0.0, ROUND: number}),
        }
    )


def _puppets(
    train: Callable[[int, int, Weights], Any],
    examples: list[float],
    loss: Callable[[Weights], float],
) -> ClientApp:
    """Clients whose training is a function of (client, round, weights): new weights, or a whole content."""
    app = ClientApp()

    @app.query(mods=[in_secret])
    def query(message, context):
        client = context.node_config[PARTITION]
        numbers = {PARTITION: client, "train": int(examples[client]), "validation": 1}
        return Message(RecordDict({METRICS: MetricRecord(numbers)}), reply_to=message)

    @app.train(mods=[in_secret])
    def learn(message, context):
        client, number = context.node_config[PARTITION], message.content[CONFIG][ROUND]
        weights = {name: array.numpy() for name, array in message.content[ARRAYS].items()}
        told = train(client, number, weights)
        content = told if isinstance(told, RecordDict) else _answer(told, examples[client], number)
        return Message(content, reply_to=message)

    @app.evaluate(mods=[in_secret])
    def judge(message, context):
        weights = {name: array.numpy() for name, array in message.content[ARRAYS].items()}
        numbers = {EXAMPLES: 1.0, "rows": 1, "loss": loss(weights), ROUND: message.content[CONFIG][ROUND]}
        return Message(RecordDict({METRICS: MetricRecord(numbers)}), reply_to=message)

    return app


def _lead(
    train: Callable[[int, int, Weights], Any],
    start: Weights,
    *,
    examples: list[float],
    loss: Callable[[Weights], float] = lambda weights: 0.0,
    course: dict[str, Any] | None = None,
    watchers: Iterable[Watcher] = (),
    before: Callable[[FedAvg], FedAvg] = lambda strategy: strategy,
    draw: Draw = fixed_share,
    ask: Ask = one_by_one,
    through: Callable[[Grid], Grid] = lambda grid: grid,
    **told,
) -> Result:
    config = FederatedConfig(**{"rounds": 1} | told)
    settings = {"work": "", "rounds": config.rounds, "factor": lambda step: 1.0, "fraction": config.fraction}
    with in_process(_puppets(train, examples, loss), len(examples)) as open_grid:
        grid = through(open_grid)
        census = take_census(grid, len(examples), 5.0, getattr(ask, "census", None))
        strategy = build_strategy(
            config, clients=census.clients, shares=census.shares, parameters=tuple(start)
        )
        arrays = arrays_of({name: torch.from_numpy(part) for name, part in start.items()})
        whole = Course(**settings | (course or {}))
        return run_rounds(
            grid, before(strategy), arrays, whole, census, watchers=watchers, draw=draw, ask=ask
        )


@pytest.fixture
def lead() -> Callable[..., Result]:
    """Lead rounds over clients that a function plays; what isn't named here is the section `federated`.

    `lead(train, start, examples=[...])`: `train(client, round, weights)` returns new weights or a content,
    `start` are the first global weights, `examples` counts each client's rows, `loss(weights)` is what they
    all judge, `before(strategy)` stands before the strategy, `draw` says who takes part, `ask` how answers
    come, and `through(grid)` stands before the grid.
    """
    return _lead


@pytest.fixture
def answer() -> Callable[[Weights, float, int], RecordDict]:
    """Content of a client's answer: weights, how much it counts, round."""
    return _answer


@pytest.fixture
def values() -> Callable[[Result], Weights]:
    """Global weights that came of it."""
    return lambda result: {name: array.numpy() for name, array in result.arrays.items()}
