"""The noisy mean before Flower's strategies, against the strategies by themselves."""

from functools import partial

import numpy as np
import pytest
import torch
from assay.platform.federated.methods import STRATEGIES
from assay.platform.federated.private.noisy_mean import NoisyMean
from assay.platform.federated.private.strategies import REFUSED
from assay.platform.federated.private.strategy import PrivateStrategy
from assay.platform.privacy.clipping import FlatClipping
from assay.platform.privacy.noise import GaussianNoise

START = {"w": np.linspace(-1, 1, 12).reshape(3, 4), "b": np.zeros(2)}
TAKEN = sorted(set(STRATEGIES) - set(REFUSED))


def teach(client, number, weights):
    """Each client pulls towards a place of its own."""
    return {name: part + 0.3 * (np.cos(client + part + number) - part) for name, part in weights.items()}


def private(expected, **changes):
    likes = {name: torch.from_numpy(part) for name, part in START.items()}
    settings = {
        "clipping": FlatClipping(1e9),
        "noise_multiplier": 0.0,
        "noise": GaussianNoise(0),
        "spare": 50,
    }
    return NoisyMean(likes, expected=expected, **settings | changes)


@pytest.mark.parametrize("strategy", TAKEN)
def test_without_noise_and_clipping_and_with_everybody_it_is_the_strategy_with_equal_weights(
    lead, values, strategy
):
    course = {"rounds": 4, "keep_best": False}
    alike = {"examples": [7.0] * 5, "strategy": strategy, "course": course}
    plain = lead(teach, START, **alike)
    mean = private(5)
    hidden = lead(teach, START, **alike, before=lambda inner: PrivateStrategy(inner, mean))
    for name, expected in values(plain).items():
        np.testing.assert_allclose(values(hidden)[name], expected, rtol=1e-9, atol=1e-12)
    assert mean.releases == 4


def test_rows_that_a_client_says_it_has_change_nothing(lead, values):
    found = [
        values(lead(teach, START, examples=examples, before=lambda inner: PrivateStrategy(inner, private(3))))
        for examples in ([1.0, 1.0, 1.0], [1.0, 1e9, 5.0])
    ]
    np.testing.assert_array_equal(found[0]["w"], found[1]["w"])


def test_a_client_that_ignores_the_bound_is_cut_at_the_server(lead, values):
    def lies(client, number, weights):
        return {name: part + (1e6 if client == 1 else 0.0) for name, part in weights.items()}

    mean = private(3, clipping=FlatClipping(0.25))
    moved = values(lead(lies, START, examples=[1.0] * 3, before=lambda inner: PrivateStrategy(inner, mean)))
    change = np.concatenate([(moved[name] - part).ravel() for name, part in START.items()])
    assert np.linalg.norm(change) == pytest.approx(0.25 / 3, rel=1e-6)


def test_a_client_that_fails_adds_nothing_and_the_denominator_stays(lead, values):
    def dies(client, number, weights):
        if client == 0:
            raise MemoryError("killed")
        return {name: part + 1.0 for name, part in weights.items()}

    result = lead(dies, START, examples=[1.0] * 4, before=lambda inner: PrivateStrategy(inner, private(4)))
    np.testing.assert_allclose(values(result)["b"], 0.75)
    assert [fault.kind for fault in result.faults] == ["raised"]


def test_a_round_that_nobody_is_drawn_for_releases_noise_and_goes_on(lead, values):
    def draw(course, census, number):
        return {} if number < 3 else {node: client for node, client in census.clients.items() if client == 0}

    mean = private(1, noise_multiplier=1.0, clipping=FlatClipping(0.1))
    result = lead(
        teach, START, examples=[1.0] * 2, draw=draw, strategy="fedadam", course={"rounds": 3},
        before=lambda inner: PrivateStrategy(inner, mean),
    )  # fmt: skip
    assert mean.releases == 3
    assert [entry["clients"] for entry in result.history] == [0, 0, 1]
    assert not any("train_loss" in entry for entry in result.history)
    assert np.isfinite(values(result)["w"]).all()


def test_clients_are_told_the_bound_of_the_round(lead, answer):
    told = []

    class Falling(FlatClipping):
        def follow(self, below, units, release):
            self.bound /= 2

    def learn(client, number, weights):
        return weights

    mean = private(1, clipping=Falling(1.0))

    class Listening(PrivateStrategy):
        def configure_train(self, server_round, arrays, config, grid):
            messages = list(super().configure_train(server_round, arrays, config, grid))
            told.extend(message.content["config"]["change-bound"] for message in messages)
            return messages

    lead(learn, START, examples=[1.0], course={"rounds": 3}, before=partial(Listening, mean=mean))
    assert told == [1.0, 0.5, 0.25]
