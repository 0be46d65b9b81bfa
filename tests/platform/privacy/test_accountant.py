"""Accounting, against Google's dp-accounting and the mechanism's closed form."""

import math
from importlib.util import find_spec

import pytest
from assay.platform.exceptions import SpecError, UsageError
from assay.platform.privacy import accountant
from assay.platform.privacy.accountant import (
    SubsampledGaussian,
    check_budget,
    epsilon_of,
    noise_multiplier_for,
)
from scipy import optimize, stats

pytest.importorskip("opacus")
RUNS = {
    "adult": SubsampledGaussian(noise_multiplier=0.9, sample_rate=256 / 32_000, steps=1250),
    "small noise": SubsampledGaussian(noise_multiplier=0.7, sample_rate=0.004, steps=500),
    "large batch": SubsampledGaussian(noise_multiplier=4.0, sample_rate=0.1, steps=200),
}


def google(runs: list[SubsampledGaussian], delta: float, kind: str) -> float:
    dp = pytest.importorskip("dp_accounting")
    from dp_accounting import pld, rdp

    orders = [1 + x / 10 for x in range(1, 100)] + [*range(11, 64), 80, 96, 128, 192, 256, 512, 1024]
    accountant = (
        pld.PLDAccountant(value_discretization_interval=1e-3) if kind == "pld" else rdp.RdpAccountant(orders)
    )
    for run in runs:
        event = dp.PoissonSampledDpEvent(run.sample_rate, dp.GaussianDpEvent(run.noise_multiplier))
        accountant.compose(event, run.steps)
    return accountant.get_epsilon(delta)


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize(("ours", "theirs"), [("prv", "pld"), ("rdp", "rdp")])
def test_epsilon_is_within_one_percent_of_googles(name, ours, theirs):
    expected = google([RUNS[name]], 1e-5, theirs)
    assert epsilon_of([RUNS[name]], delta=1e-5, accountant=ours) == pytest.approx(expected, rel=0.01)


def test_runs_compose_as_googles_do():
    runs = [RUNS["adult"], RUNS["large batch"]]
    assert epsilon_of(runs, delta=1e-6) == pytest.approx(google(runs, 1e-6, "pld"), rel=0.01)


def test_a_full_batch_is_the_gaussian_mechanism():
    """Balle & Wang (2018), theorem 8: the exact delta of a Gaussian mechanism."""

    def delta(epsilon: float, noise: float) -> float:
        upper = stats.norm.cdf(0.5 / noise - epsilon * noise)
        return upper - math.exp(epsilon) * stats.norm.cdf(-0.5 / noise - epsilon * noise)

    run = SubsampledGaussian(noise_multiplier=3.0, sample_rate=1.0, steps=9)  # as one of noise 1
    expected = optimize.brentq(lambda epsilon: delta(epsilon, 1.0) - 1e-5, 0.1, 20)
    assert epsilon_of([run], delta=1e-5) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("epsilon", [0.5, 3.0])
def test_the_noise_for_a_budget_keeps_it_and_no_less_noise_would(epsilon):
    shape = {"sample_rate": 0.02, "steps": 150}
    noise = noise_multiplier_for(epsilon, delta=1e-5, **shape)
    spent = epsilon_of([SubsampledGaussian(noise_multiplier=noise, **shape)], delta=1e-5)
    less = epsilon_of([SubsampledGaussian(noise_multiplier=noise * 0.998, **shape)], delta=1e-5)
    assert epsilon * 0.99 < spent <= epsilon < less


def test_what_ran_before_is_charged_to_the_same_budget():
    shape = {"sample_rate": 0.02, "steps": 150}
    before = [SubsampledGaussian(noise_multiplier=1.5, **shape)]
    alone = noise_multiplier_for(3.0, delta=1e-5, accountant="rdp", **shape)
    after = noise_multiplier_for(3.0, delta=1e-5, accountant="rdp", before=before, **shape)
    assert after > alone
    run = SubsampledGaussian(noise_multiplier=after, **shape)
    assert epsilon_of([*before, run], delta=1e-5, accountant="rdp") <= 3.0


def test_runs_to_come_get_the_same_noise_and_all_keep_within_the_budget_together():
    shape, later = {"sample_rate": 0.02, "steps": 150}, [(0.05, 80), (0.01, 300)]
    noise = noise_multiplier_for(3.0, delta=1e-5, accountant="rdp", also=later, **shape)

    def together(noise: float) -> float:
        runs = [(0.02, 150), *later]
        mechanisms = [
            SubsampledGaussian(noise_multiplier=noise, sample_rate=rate, steps=steps) for rate, steps in runs
        ]
        return epsilon_of(mechanisms, delta=1e-5, accountant="rdp")

    assert together(noise) <= 3.0 < together(noise * 0.998)
    assert noise > noise_multiplier_for(3.0, delta=1e-5, accountant="rdp", **shape)


def test_a_spent_budget_has_no_noise_that_would_do():
    spent = [SubsampledGaussian(noise_multiplier=0.5, sample_rate=0.1, steps=100)]
    with pytest.raises(SpecError, match="no amount of noise"):
        noise_multiplier_for(1.0, delta=1e-5, sample_rate=0.1, steps=10, before=spent, accountant="rdp")


def test_no_noise_costs_everything_and_no_step_costs_nothing():
    assert (
        epsilon_of([SubsampledGaussian(noise_multiplier=0.0, sample_rate=0.1, steps=1)], delta=1e-5)
        == math.inf
    )
    assert epsilon_of([SubsampledGaussian(noise_multiplier=0.0, sample_rate=0.1, steps=0)], delta=1e-5) == 0.0


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"epsilon": 0.0}, "privacy.epsilon"),
        ({"epsilon": -1.0}, "privacy.epsilon"),
        ({"epsilon": math.inf}, "privacy.epsilon"),
        ({"epsilon": math.nan}, "privacy.epsilon"),
        ({"delta": 1e-3}, "privacy.delta"),
        ({"delta": 0.0}, "privacy.delta"),
        ({"batch_size": 1001}, "train.batch_size"),
        ({"batch_size": 0}, "train.batch_size"),
    ],
)
def test_what_cannot_be_promised_is_refused_by_name(wrong, key):
    good = {"epsilon": 1.0, "delta": 1e-5, "rows": 1000, "batch_size": 100}
    check_budget(**good)
    with pytest.raises(UsageError, match=key) as caught:
        check_budget(**{**good, **wrong})
    assert caught.value.exit_code == 2
    assert caught.value.expected
    assert caught.value.mend


def test_without_opacus_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "opacus", None)
    with pytest.raises(SpecError, match=r"assay\[privacy\]"):
        epsilon_of([RUNS["adult"]], delta=1e-5)


def test_without_its_libraries_private_training_is_refused_with_what_to_install(monkeypatch):
    accountant.check_installed()
    monkeypatch.setattr(
        accountant, "find_spec", lambda name: None if name == "cryptography" else find_spec(name)
    )
    with pytest.raises(SpecError, match=r"cryptography[\s\S]*assay\[privacy\]"):
        accountant.check_installed()
