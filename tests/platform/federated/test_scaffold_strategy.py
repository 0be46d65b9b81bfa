"""SCAFFOLD whole, on clients whose losses are quadratic: the paper's algorithm written out in numpy.

f_i(x) = a_i/2 (x - b_i)², so that all is known: the optimum of the sum, and where FedAvg stops instead.
"""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from assay.platform.federated.census import take_census
from assay.platform.federated.client_app import client_app
from assay.platform.federated.config import FederatedConfig
from assay.platform.federated.course import Course, Result
from assay.platform.federated.grids.in_process import in_process
from assay.platform.federated.local import Learner, Site
from assay.platform.federated.messages import Work, arrays_of
from assay.platform.federated.rounds import run_rounds
from assay.platform.federated.strategies import build_strategy
from assay.platform.training.config import ModelConfig, TrainConfig
from assay.platform.training.rows import Rows
from torch import Tensor, nn

CURVES, CENTRES = (1.0, 4.0, 0.5), (-2.0, 1.0, 6.0)
OPTIMUM = np.dot(CURVES, CENTRES) / sum(CURVES)
RATE, STEPS = 0.15, 8


class Point(nn.Module):
    """A network of one number."""

    def __init__(self) -> None:
        super().__init__()
        self.x = nn.Parameter(torch.zeros(1, dtype=torch.float64))


class Quadratic(nn.Module):
    """a/2 (x - b)², a and b the client's inputs."""

    def __init__(self, network: Point):
        super().__init__()
        self.network = network

    def forward(self, inputs: tuple[Tensor, ...], target=None, weight=None, generator=None) -> Tensor:
        curve, centre = inputs
        return (curve / 2 * (self.network.x - centre).square()).mean()


@pytest.fixture
def run(monkeypatch) -> Callable[..., Result]:
    """Rounds of these clients, each with one row."""
    network = Point()
    work = Work(
        model=ModelConfig(),
        train=TrainConfig(optimizer="sgd", learning_rate=RATE, weight_decay=0.0, clip=None, patience=None),
        preprocessor=None,  # type: ignore[arg-type]
        local_epochs=STEPS,
        seed=0,
    )
    learner = Learner(work=work, network=network, objective=Quadratic(network))  # type: ignore[arg-type]
    nothing = Rows(inputs=(torch.zeros(0),))

    def opened(sites, config, context):
        client = context.node_config["partition-id"]
        rows = Rows(inputs=(torch.tensor([[CURVES[client]]]), torch.tensor([[CENTRES[client]]])))
        return learner, Site(client=client, rows=rows, validation=nothing)

    monkeypatch.setattr("assay.platform.federated.client_app._opened", opened)
    # The sites' files, of which only the number of rows is read here.
    counts = type("Counts", (), {"num_rows": 1})
    monkeypatch.setattr("assay.platform.federated.client_app.pq.read_metadata", lambda path: counts)
    monkeypatch.setattr("assay.platform.federated.client_app.judge", lambda *told: _Judged)

    def go(strategy: str, rounds: int, tmp_path, fraction: float = 1.0, app=None) -> Result:
        config = FederatedConfig(strategy=strategy, rounds=rounds)
        course = Course(work="", rounds=rounds, factor=lambda step: 1.0, fraction=fraction)
        with in_process(app or client_app(tmp_path), 3) as grid:
            census = take_census(grid, 3, 5.0)
            made = build_strategy(config, clients=census.clients, shares=census.shares, parameters=("x",))
            start = arrays_of({"x": torch.zeros(1, dtype=torch.float64)})
            controls = ("x",) if strategy == "scaffold" else ()
            return run_rounds(grid, made, start, course, census, controls=controls)

    return go


class _Judged:
    """Nothing to judge by: the last round is kept."""

    loss, correct, examples, rows = 0.0, None, 0.0, 0


def x_of(result: Result) -> float:
    return float(result.arrays["x"].numpy()[0])


def papers_algorithm(rounds: int, chosen) -> float:
    """Algorithm 1 with option II, eta_g = 1, clients of equal weight."""
    x, c, controls = 0.0, 0.0, [0.0] * 3
    for number in range(1, rounds + 1):
        moves, changes = [], []
        for client in chosen(number):
            y = x
            for _ in range(STEPS):
                y -= RATE * (CURVES[client] * (y - CENTRES[client]) - controls[client] + c)
            after = controls[client] - c + (x - y) / (STEPS * RATE)
            moves.append(y - x)
            changes.append(after - controls[client])
            controls[client] = after
        x += np.mean(moves)
        c += sum(changes) / 3
    return x


def test_with_all_clients_it_is_the_papers_algorithm(run, tmp_path):
    for rounds in (1, 2, 7):
        assert x_of(run("scaffold", rounds, tmp_path)) == pytest.approx(
            papers_algorithm(rounds, lambda number: range(3)), rel=1e-7
        )


def test_it_reaches_the_optimum_that_fedavg_misses(run, tmp_path):
    assert x_of(run("scaffold", 60, tmp_path)) == pytest.approx(OPTIMUM, abs=1e-6)
    # FedAvg's fixed point: the mean of what `STEPS` steps make of it, each weighed by 1 - (1 - eta a)^K.
    pull = [1 - (1 - RATE * curve) ** STEPS for curve in CURVES]
    drifted = np.dot(pull, CENTRES) / sum(pull)
    assert abs(drifted - OPTIMUM) > 0.15
    assert x_of(run("fedavg", 60, tmp_path)) == pytest.approx(drifted, abs=1e-6)


def test_with_some_clients_a_round_it_is_the_papers_algorithm_on_those(run, tmp_path):
    result = run("scaffold", 12, tmp_path, fraction=2 / 3)
    assert sum(result.counted.values()) == 24
    from assay.platform.training.seeding import derive

    def chosen(number):
        draw = np.random.default_rng(derive(0, "cohort", number))
        return sorted(draw.choice([0, 1, 2], size=2, replace=False).tolist())

    assert x_of(result) == pytest.approx(papers_algorithm(12, chosen), rel=1e-7)


def test_an_answer_that_did_not_count_changes_no_control_variate(run, tmp_path):
    """Otherwise c would part from the mean of all c_i, and the optimum would be missed for good."""
    real = client_app(tmp_path)

    def app(message, context):
        reply = real(message, context)
        lost = (
            message.metadata.message_type == "train"
            and context.node_config["partition-id"] == 1
            and message.content["config"]["server-round"] in (2, 5, 6)
        )
        if lost:
            raise ConnectionError("lost on the way")
        return reply

    result = run("scaffold", 60, tmp_path, app=app)
    assert [(fault.round, fault.client) for fault in result.faults] == [(2, 1), (5, 1), (6, 1)]
    assert x_of(result) == pytest.approx(OPTIMUM, abs=1e-6)
