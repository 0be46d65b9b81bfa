"""The plan: the noise for a budget against Google's accountant, the draw of clients, what is claimed."""

import numpy as np
import pytest
import torch
from assay.platform.exceptions import CombinationError, SpecError
from assay.platform.federated.census import Census
from assay.platform.federated.course import Course
from assay.platform.federated.private import client_privacy
from assay.platform.federated.private.client_privacy import ClientPrivacy
from assay.platform.privacy.config import PrivacyConfig
from assay.platform.privacy.noise import GaussianNoise
from assay.platform.privacy.poisson_sampler import Poisson
from assay.platform.privacy.self_check import MechanismError
from torch import nn

pytest.importorskip("opacus")

COURSE = Course(work="", rounds=1, factor=lambda step: 1.0)
PLANS = {
    "200 clients": ({"epsilon": 8.0, "delta": 1e-3}, {"clients": 200, "expected": 20, "rounds": 30}),
    "1,000 clients": ({"epsilon": 3.0, "delta": 1e-4}, {"clients": 1000, "expected": 50, "rounds": 100}),
    "everybody": ({"epsilon": 5.0, "delta": 1e-3}, {"clients": 300, "expected": 300, "rounds": 10}),
    "a moving bound": (
        {"epsilon": 4.0, "delta": 1e-4, "clipping": "adaptive"},
        {"clients": 2000, "expected": 100, "rounds": 60},
    ),
}


def plan(told=None, **shape) -> ClientPrivacy:
    config = {"unit": "client", "epsilon": 8.0, "delta": 1e-3, "accountant": "rdp", "noise_seed": 1}
    shape = {"clients": 200, "expected": 20, "rounds": 10} | shape
    return ClientPrivacy.plan(PrivacyConfig(**config | (told or {})), **shape)


def unplanned(*, clients=200, expected=20, seed: int | None = 1) -> ClientPrivacy:
    """The same without the search for the noise."""
    return ClientPrivacy(
        config=PrivacyConfig(unit="client", delta=1e-3, accountant="rdp", noise_seed=seed),
        clients=clients,
        rounds=400,
        sampler=Poisson(clients, expected, seed),
        noise_multiplier=1.0,
        noise=GaussianNoise(seed),
    )


def drawn(private: ClientPrivacy, number: int) -> set[int]:
    nodes = {1000 + client: client for client in range(private.clients)}
    return set(private.draw(COURSE, Census(nodes, nodes), number).values())


def google(private, told, kind):
    """Epsilon of rounds whose noise is what the mechanism puts on the sum, and on the count."""
    dp = pytest.importorskip("dp_accounting")
    from dp_accounting import pld, rdp

    orders = [1 + x / 10 for x in range(1, 100)] + [*range(11, 64), 80, 96, 128, 192, 256, 512, 1024]
    accountant = pld.PLDAccountant(value_discretization_interval=1e-3) if kind == "prv" else None
    accountant = accountant or rdp.RdpAccountant(orders)
    mean = private.mean
    parts = [dp.GaussianDpEvent(mean.deviation * mean.expected / mean.clipping.bound)]
    if told.get("clipping") == "adaptive":
        parts.append(dp.GaussianDpEvent(2 * mean.clipping.deviation))
    both = dp.ComposedDpEvent(parts) if len(parts) > 1 else parts[0]
    accountant.compose(dp.PoissonSampledDpEvent(mean.expected / private.clients, both), private.rounds)
    return accountant.get_epsilon(told["delta"])


@pytest.mark.parametrize(
    ("name", "kind"), [*((name, "rdp") for name in PLANS), ("200 clients", "prv"), ("everybody", "prv")]
)
def test_epsilon_is_within_one_percent_of_googles(name, kind):
    told, shape = PLANS[name]
    private = plan(told | {"accountant": kind}, **shape)
    private.prepare({"w": torch.zeros(9)}, nn.Linear(3, 3))
    for _ in range(private.rounds):
        private.mean.release([])
    private.mean.clipping.bound = 1.0  # whatever it moved to: noise is proportional to it
    claimed = private.details()
    assert claimed["epsilon"] <= told["epsilon"]
    assert claimed["epsilon"] == pytest.approx(told["epsilon"], rel=0.01)
    assert claimed["epsilon"] == pytest.approx(google(private, told, kind), rel=0.01)
    assert claimed["sample_rate"] == shape["expected"] / shape["clients"]


def test_each_client_is_drawn_by_a_coin_of_its_own():
    private = unplanned()
    rounds = [drawn(private, number) for number in range(1, 401)]
    sizes = np.array([len(found) for found in rounds])
    assert abs(sizes.mean() - 20) < 4 * np.sqrt(18 / 400)
    assert 0.75 < sizes.var() / 18 < 1.3
    counts = np.bincount([client for found in rounds for client in found], minlength=200)
    assert abs(counts.mean() - 40) < 4 * np.sqrt(36 / 200)
    assert private.begun == 400


def test_the_draw_is_a_function_of_seed_and_round_alone():
    one, other = unplanned(), unplanned()
    assert drawn(one, 7) == drawn(other, 7)
    assert drawn(one, 3) == drawn(other, 3) != drawn(one, 4)
    assert drawn(unplanned(seed=2), 7) != drawn(one, 7)


def test_nobody_may_be_drawn():
    private = unplanned(clients=30, expected=1)
    assert any(not drawn(private, number) for number in range(1, 51))


@pytest.mark.parametrize("planted", ["as many in each round", "the first ones more often"])
def test_a_draw_that_is_not_poisson_is_found(monkeypatch, planted):
    class Planted(Poisson):
        def _draw(self, stream):
            words = stream.words(self.rows, np.uint64)
            if planted == "as many in each round":
                return np.sort(np.argsort(words)[: self.batch_size])
            rates = np.linspace(2, 0, self.rows) * self.sample_rate
            return np.flatnonzero((words >> np.uint64(11)) * 2.0**-53 < rates)

    monkeypatch.setattr(client_privacy, "Poisson", Planted)
    with pytest.raises(MechanismError, match="not Poisson"):
        plan()


@pytest.mark.parametrize(
    ("told", "shape", "said"),
    [
        ({"delta": 1 / 200}, {}, "1 / 200 clients"),
        ({"epsilon": 1e-6}, {"expected": 200, "rounds": 10_000}, r"federated\.rounds"),
    ],
)
def test_what_cannot_be_promised_is_refused(told, shape, said):
    with pytest.raises(SpecError, match=said) as caught:
        plan(told, **shape)
    assert caught.value.exit_code == 2


def test_batch_normalization_is_refused():
    with pytest.raises(CombinationError, match="BatchNorm1d at 1"):
        unplanned().prepare({"w": torch.zeros(9)}, nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3)))


def test_the_claim_tells_how_loud_the_noise_is():
    private = unplanned(expected=10)
    likes = {"w": torch.zeros(40, 10)}
    private.prepare(likes, nn.Linear(40, 10))
    norms = [float(private.mean.release([])["w"].norm()) for _ in range(30)]
    told = private.details()
    assert np.mean(norms) == pytest.approx(told["noise_over_bound"] * told["max_grad_norm"], rel=0.05)
    assert (told["unit"], told["clients"], told["clients_a_round"]) == ("client", 200, 10)
    assert told["secret_noise"] is False


def test_training_at_clients_draws_what_nobody_outside_knows():
    assert unplanned().seed == unplanned().seed != unplanned(seed=2).seed
    assert unplanned(seed=None).seed != unplanned(seed=None).seed
