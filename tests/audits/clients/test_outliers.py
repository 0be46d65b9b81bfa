"""The rate of false alarms and what is found, by simulation of whole trainings."""

import numpy as np
import pytest
from assay.audits.clients.outliers import limit, measure, robust_scores
from assay.platform.federated.outliers import scores_of
from scipy.stats import median_abs_deviation

NAMES = [f"client {number}" for number in range(50)]


def told(rounds, rate=0.05):
    """Of `(rounds, clients)` norms and cosines."""
    return {
        "rate": rate,
        "planned": len(rounds),
        "rounds": [
            {
                "round": number,
                "clients": list(range(len(norms))),
                "norm": np.asarray(norms).tolist(),
                "cosine": np.asarray(cosines).tolist(),
            }
            for number, (norms, cosines) in enumerate(rounds, start=1)
        ],
    }


def updates(draw, clients, weights=400):
    """Honest updates: a common direction, and noise of each client's own."""
    return draw.normal(size=weights) * 0.05 + draw.normal(size=(clients, weights)) * 0.05


def test_scores_are_measured_in_mads_from_the_median():
    values = np.random.default_rng(0).normal(size=(3, 11))
    for row, found in zip(values, robust_scores(values), strict=True):
        np.testing.assert_allclose(found, (row - np.median(row)) / median_abs_deviation(row))


@pytest.mark.parametrize("clients", [5, 10, 40])
@pytest.mark.parametrize("both", [True, False])
def test_the_limit_is_exceeded_as_often_as_is_said(clients, both):
    scores = robust_scores(np.random.default_rng(99).normal(size=(20_000, clients)))
    largest = (np.abs(scores) if both else scores).max(axis=1)
    assert (largest > limit(clients, 0.05, both=both)).mean() == pytest.approx(0.05, abs=0.01)


def test_where_scores_are_normal_a_training_names_anybody_as_seldom_as_its_rate_says():
    """300 trainings of 10 rounds and 12 clients at a rate of 10%: more than 45 has a chance below 0.5%."""
    draw, named = np.random.default_rng(1), 0
    for _ in range(300):
        rounds = [
            (np.exp(draw.normal(size=12)), np.tanh(0.3 * draw.normal(size=12) + 0.5)) for _ in range(10)
        ]
        named += bool(measure(told(rounds, rate=0.1), NAMES)["named"])
    assert 5 <= named <= 45


def test_exchangeable_clients_are_as_seldom_named():
    """Whole vectors instead of scores: 100 trainings of 5 rounds and 10 clients at a rate of 10%."""
    draw, named = np.random.default_rng(2), 0
    for _ in range(100):
        rounds = [scores_of(updates(draw, 10)) for _ in range(5)]
        named += bool(measure(told(rounds, rate=0.1), NAMES)["named"])
    assert named <= 19


@pytest.mark.parametrize(
    ("plant", "by"),
    [
        (lambda rows, draw: draw.normal(size=rows.shape) * 10, "norm"),
        (lambda rows, draw: -rows, "direction"),
        (lambda rows, draw: rows * 20, "norm"),
        (lambda rows, draw: rows * 0, "norm"),
    ],
    ids=["garbage", "flipped signs", "scaled up", "nothing at all"],
)
def test_two_of_ten_that_send_something_else_are_named_in_nearly_every_round(plant, by):
    draw, rounds = np.random.default_rng(3), []
    for _ in range(20):
        rows = updates(draw, 10)
        rows[[2, 7]] = plant(rows[[2, 7]], draw)
        rounds.append(scores_of(rows))
    found = measure(told(rounds), NAMES)["named"]
    assert {row["client"] for row in found} == {"client 2", "client 7"}
    assert len({(row["client"], row["round"]) for row in found}) >= 36
    assert by in {row["by"] for row in found}


def test_too_few_answers_are_not_searched_and_counted():
    found = measure(told([([1.0, 1.0, 1.0, 1e9], [1.0, 1.0, 1.0, -1.0])]), NAMES)
    assert found == {"rate": 0.05, "searched": 0, "few": 1, "named": []}


def test_updates_that_differ_by_rounding_alone_are_alike():
    norms = 1 + np.arange(8) * 1e-12
    assert measure(told([(norms, np.full(8, 0.9))]), NAMES)["named"] == []
