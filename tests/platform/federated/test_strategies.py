"""What each strategy makes of a round's answers, against formulas written out here."""

import numpy as np
import pytest
from assay.platform.exceptions import CombinationError
from assay.platform.federated.config import FederatedConfig
from assay.platform.federated.methods import STRATEGIES
from assay.platform.federated.strategies import check_strategy
from assay.platform.training.config import TrainConfig

START = {"w": np.array([[1.0, -2.0], [0.5, 3.0]]), "b": np.array([0.25])}
EXAMPLES = [10.0, 30.0, 60.0]


def moved(client: int, number: int, weights):
    """A client's own step: known, and different for each client, round and weight."""
    return {name: part + (client + 1) * number * 0.1 + 0.01 * part for name, part in weights.items()}


def answers(weights, number, clients):
    return [moved(client, number, weights) for client in range(clients)]


def weighted(found, examples=EXAMPLES):
    total = sum(examples)
    return {
        name: sum(n / total * part[name] for n, part in zip(examples, found, strict=True)) for name in START
    }


def close(got, expected):
    for name in expected:
        np.testing.assert_allclose(got[name], expected[name], rtol=1e-12, err_msg=name)


def test_fedavg_is_the_mean_weighted_by_rows(lead, values):
    result = lead(moved, START, examples=EXAMPLES, rounds=2)
    expected = START
    for number in (1, 2):
        expected = weighted(answers(expected, number, 3))
    # Every round is as good as the first where all judge alike, so the first is kept.
    close(values(result), weighted(answers(START, 1, 3)))
    better = iter([2.0, 2.0, 2.0, 1.0, 1.0, 1.0])
    result = lead(moved, START, examples=EXAMPLES, rounds=2, loss=lambda weights: next(better))
    close(values(result), expected)
    assert result.best_round == 2


def falling():
    """A loss that falls from round to round, so that the last is the best."""
    counter = iter(range(1000))
    return lambda weights: -float(next(counter))


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_fedavgm_is_sgd_with_momentum_on_the_mean_change(lead, values, momentum):
    options = {"server_learning_rate": 0.5, "server_momentum": momentum}
    result = lead(
        moved, START, examples=EXAMPLES, rounds=3, strategy="fedavgm", options=options, loss=falling()
    )
    weights, velocity = START, dict.fromkeys(START, 0.0)
    for number in (1, 2, 3):
        mean = weighted(answers(weights, number, 3))
        velocity = {name: momentum * velocity[name] + weights[name] - mean[name] for name in START}
        weights = {name: weights[name] - 0.5 * velocity[name] for name in START}
    close(values(result), weights)


def adaptive(name, rounds, *, eta, beta_1=0.0, beta_2=0.99, tau):
    """Reddi et al., algorithm 2; FedAdam with the correction of the first rounds that Flower adds."""
    weights, m, v = START, dict.fromkeys(START, 0.0), dict.fromkeys(START, 0.0)
    for number in range(1, rounds + 1):
        mean = weighted(answers(weights, number, 3))
        change = {key: mean[key] - weights[key] for key in START}
        m = {key: beta_1 * m[key] + (1 - beta_1) * change[key] for key in START}
        if name == "fedadagrad":
            v = {key: v[key] + change[key] ** 2 for key in START}
        elif name == "fedadam":
            v = {key: beta_2 * v[key] + (1 - beta_2) * change[key] ** 2 for key in START}
        else:
            v = {
                key: v[key] - (1 - beta_2) * change[key] ** 2 * np.sign(v[key] - change[key] ** 2)
                for key in START
            }
        rate = eta
        if name == "fedadam":
            rate = eta * np.sqrt(1 - beta_2 ** (number + 1)) / (1 - beta_1 ** (number + 1))
        weights = {key: weights[key] + rate * m[key] / (np.sqrt(v[key]) + tau) for key in START}
    return weights


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("fedadagrad", {"eta": 0.1, "tau": 1e-3}),
        ("fedadam", {"eta": 0.05, "beta_1": 0.8, "beta_2": 0.95, "tau": 1e-3}),
        ("fedyogi", {"eta": 0.05, "beta_1": 0.8, "beta_2": 0.95, "tau": 1e-3}),
    ],
)
def test_adaptive_servers_are_the_papers_algorithm(lead, values, name, options):
    result = lead(moved, START, examples=EXAMPLES, rounds=3, strategy=name, options=options, loss=falling())
    close(values(result), adaptive(name, 3, **options))


def test_the_precision_of_the_weights_is_kept(lead, values):
    """FedAdam's rate is a number of 64 bits, which would widen the weights for all rounds to come."""
    start = {name: part.astype(np.float32) for name, part in START.items()}
    result = lead(
        lambda client, number, weights: {name: part * np.float32(1.1) for name, part in weights.items()},
        start,
        examples=EXAMPLES,
        rounds=2,
        strategy="fedadam",
        loss=falling(),
    )
    assert {part.dtype for part in values(result).values()} == {np.dtype(np.float32)}
    assert result.faults == []


def honest(client: int) -> np.ndarray:
    """Ten clients' weights, near each other."""
    return np.random.default_rng(client).normal(1.0, 0.1, 20)


def two_liars(client, number, weights):
    return {"w": np.full(20, 1e6 * (-1) ** client) if client < 2 else honest(client)}


@pytest.mark.parametrize(
    ("strategy", "options"),
    [
        ("krum", {"num_malicious_nodes": 2}),
        ("multi_krum", {"num_malicious_nodes": 2, "num_nodes_to_select": 5}),
        ("trimmed_mean", {"beta": 0.2}),
        ("median", {}),
    ],
)
def test_robust_strategies_survive_two_liars_of_ten(lead, values, strategy, options):
    start = {"w": np.zeros(20)}
    result = lead(two_liars, start, examples=[1.0] * 10, strategy=strategy, options=options)
    mean = np.mean([honest(client) for client in range(2, 10)], axis=0)
    assert np.abs(values(result)["w"] - mean).max() < 0.5


def test_fedavg_does_not_survive_two_liars_of_ten(lead, values):
    """Their lies differ in size, as they would cancel out otherwise."""
    lies = lambda client, number, weights: {"w": np.full(20, 1e6) if client < 2 else honest(client)}  # noqa: E731
    result = lead(lies, {"w": np.zeros(20)}, examples=[1.0] * 10)
    assert np.abs(values(result)["w"]).min() > 1e5


def test_krum_takes_the_client_whose_nearest_others_are_nearest(lead, values):
    """Blanchard et al., section 4: the least sum of squared distances to the n - f - 2 nearest others."""
    result = lead(
        two_liars,
        {"w": np.zeros(20)},
        examples=[1.0] * 10,
        strategy="krum",
        options={"num_malicious_nodes": 2},
    )
    points = [two_liars(client, 1, None)["w"] for client in range(10)]
    scores = []
    for mine in range(10):
        distances = sorted(
            np.sum((points[mine] - points[other]) ** 2) for other in range(10) if other != mine
        )
        scores.append(sum(distances[: 10 - 2 - 2]))
    np.testing.assert_array_equal(values(result)["w"], points[int(np.argmin(scores))])


def test_the_trimmed_mean_and_the_median_are_taken_number_by_number(lead, values):
    points = np.stack([two_liars(client, 1, None)["w"] for client in range(10)])
    trimmed = lead(
        two_liars,
        {"w": np.zeros(20)},
        examples=[1.0] * 10,
        strategy="trimmed_mean",
        options={"beta": 0.2},
    )
    np.testing.assert_allclose(values(trimmed)["w"], np.sort(points, axis=0)[2:-2].mean(axis=0), rtol=1e-12)
    median = lead(two_liars, {"w": np.zeros(20)}, examples=[1.0] * 10, strategy="median")
    np.testing.assert_allclose(values(median)["w"], np.sort(points, axis=0)[4:6].mean(axis=0), rtol=1e-12)


@pytest.mark.parametrize(
    ("settings", "train", "clients", "said"),
    [
        ({"strategy": "scaffold"}, {"optimizer": "adamw"}, 3, "plain SGD"),
        (
            {"strategy": "scaffold"},
            {"optimizer": "sgd", "optimizer_options": {"momentum": 0.9}},
            3,
            "without momentum",
        ),
        ({"strategy": "krum", "options": {"num_malicious_nodes": 2}}, {}, 6, "7"),
        ({"contributions": "shapley"}, {}, 13, "leave_one_out"),
        (
            {"strategy": "multi_krum", "options": {"num_malicious_nodes": 1, "num_nodes_to_select": 5}},
            {},
            5,
            "holds for malicious",
        ),
        ({"fraction": 0.5, "least": 3}, {}, 4, "federated.least"),
    ],
)
def test_what_a_strategy_cannot_do_is_refused(settings, train, clients, said):
    with pytest.raises(CombinationError, match=said):
        check_strategy(FederatedConfig(**settings), TrainConfig(**train), clients)


def test_the_others_are_not_refused():
    needed = {"num_malicious_nodes": 0, "num_nodes_to_select": 2}
    for name, method in STRATEGIES.items():
        options = {option: needed[option] for option, value in method.options.items() if value is None}
        check_strategy(FederatedConfig(strategy=name, options=options), TrainConfig(optimizer="sgd"), 3)
