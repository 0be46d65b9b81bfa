"""The filter, against Opacus, Google's dp-accounting, the Gaussian's closed form, a simulated adversary."""

import math

import numpy as np
import pytest
from assay.platform.privacy.accountant import SubsampledGaussian, epsilon_of
from assay.platform.privacy.ledger.events import Gaussian, Laplace, SelfComposed, dp_sgd
from assay.platform.privacy.ledger.rdp_filter import composed_epsilon, delta_shares, filter_epsilon
from assay.platform.privacy.ledger.renyi import ORDERS, renyi_curve
from hypothesis import given, settings
from hypothesis import strategies as st

DELTA = 1e-5
RUNS = {
    "adult": SubsampledGaussian(noise_multiplier=0.9, sample_rate=256 / 32_000, steps=1250),
    "small noise": SubsampledGaussian(noise_multiplier=0.7, sample_rate=0.004, steps=500),
    "large batch": SubsampledGaussian(noise_multiplier=4.0, sample_rate=0.1, steps=200),
    "full batch": SubsampledGaussian(noise_multiplier=15.0, sample_rate=1.0, steps=100),
}
SHAPES = st.builds(
    dp_sgd, noise_multiplier=st.floats(0.6, 20), sample_rate=st.floats(0.001, 1), steps=st.integers(1, 500)
)


def curve(*runs: SubsampledGaussian) -> np.ndarray:
    return sum(
        renyi_curve(dp_sgd(noise_multiplier=r.noise_multiplier, sample_rate=r.sample_rate, steps=r.steps))
        for r in runs
    )  # type: ignore[return-value]


def google(*runs: SubsampledGaussian) -> float:
    dp = pytest.importorskip("dp_accounting")
    from dp_accounting import rdp

    accountant = rdp.RdpAccountant(ORDERS)
    for run in runs:
        event = dp.PoissonSampledDpEvent(run.sample_rate, dp.GaussianDpEvent(run.noise_multiplier))
        accountant.compose(event, run.steps)
    return accountant.get_epsilon(DELTA)


@pytest.mark.parametrize("name", RUNS)
def test_one_run_is_within_one_percent_of_both_accountants(name):
    ours = composed_epsilon(curve(RUNS[name]), DELTA)
    assert ours == pytest.approx(google(RUNS[name]), rel=0.01)
    pytest.importorskip("opacus")
    assert ours == pytest.approx(epsilon_of([RUNS[name]], delta=DELTA, accountant="rdp"), rel=0.01)


def test_all_runs_together_are_within_one_percent_of_both_accountants():
    runs = list(RUNS.values())
    ours = composed_epsilon(curve(*runs), DELTA)
    assert ours == pytest.approx(google(*runs), rel=0.01)
    pytest.importorskip("opacus")
    assert ours == pytest.approx(epsilon_of(runs, delta=DELTA, accountant="rdp"), rel=0.01)


def test_laplace_is_within_one_percent_of_googles():
    dp = pytest.importorskip("dp_accounting")
    from dp_accounting import rdp

    accountant = rdp.RdpAccountant(ORDERS)
    accountant.compose(dp.LaplaceDpEvent(8.0), 20)
    event = SelfComposed(event=Laplace(noise_multiplier=8.0), count=20)
    ours = composed_epsilon(renyi_curve(event), DELTA)
    assert ours == pytest.approx(accountant.get_epsilon(DELTA), rel=0.01)


@pytest.mark.parametrize("rho", [0.01, 0.1, 1.0])
def test_a_gaussian_is_its_closed_form_up_to_the_grid_of_orders(rho):
    """Divergence rho a, so epsilon is rho a + log(1 - 1/a) - (log delta + log a) / (a - 1) at the best a."""
    a = np.linspace(1.001, 400, 400_000)
    best = (rho * a + np.log1p(-1 / a) - (math.log(DELTA) + np.log(a)) / (a - 1)).min()
    ours = composed_epsilon(renyi_curve(Gaussian(noise_multiplier=math.sqrt(1 / (2 * rho)))), DELTA)
    assert best * (1 - 1e-9) <= ours <= best * 1.01


def curve_of(epsilon: float, shape: dict) -> np.ndarray:
    """The curve of one run that spends this epsilon, composed plainly."""
    low, high = 0.3, 200.0
    while high - low > 1e-3 * low:
        middle = math.sqrt(low * high)
        spent = composed_epsilon(renyi_curve(dp_sgd(noise_multiplier=middle, **shape)), DELTA)
        low, high = (low, middle) if spent <= epsilon else (middle, high)
    return renyi_curve(dp_sgd(noise_multiplier=high, **shape))


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 3.0, 8.0])
@pytest.mark.parametrize(("sample_rate", "steps"), [(0.004, 500), (0.1, 200), (1.0, 9)])
def test_what_the_filter_costs_a_budget_that_is_used_up_is_at_most_two_and_a_half_percent(
    epsilon, sample_rate, steps
):
    total = curve_of(epsilon, {"sample_rate": sample_rate, "steps": steps})
    for parts in (1, 5):  # runs of one shape
        counted = filter_epsilon(total, first=total / parts, epsilon=epsilon, delta=DELTA)
        assert composed_epsilon(total, DELTA) <= counted <= 1.025 * epsilon


@settings(deadline=None, max_examples=60)
@given(first=SHAPES, epsilon=st.floats(0.1, 20), exponent=st.floats(-12, -2))
def test_shares_of_delta_sum_to_it(first, epsilon, exponent):
    shares = delta_shares(renyi_curve(first), epsilon=epsilon, delta=10**exponent)
    assert (shares >= 0).all()
    assert shares.sum() == pytest.approx(1.0, abs=1e-12)


@settings(deadline=None, max_examples=60)
@given(runs=st.lists(SHAPES, min_size=1, max_size=5), epsilon=st.floats(0.1, 20))
def test_every_run_adds_and_the_filter_never_counts_less_than_plain_composition(runs, epsilon):
    curves = [renyi_curve(run) for run in runs]
    counted = [
        filter_epsilon(sum(curves[: n + 1]), first=curves[0], epsilon=epsilon, delta=DELTA)
        for n in range(len(curves))
    ]
    assert counted == sorted(counted)
    assert composed_epsilon(sum(curves), DELTA) <= counted[-1]


def test_nothing_spent_is_nothing():
    nothing = np.zeros(len(ORDERS))
    assert composed_epsilon(nothing, DELTA) == 0.0
    assert filter_epsilon(nothing, first=nothing, epsilon=1.0, delta=DELTA) == 0.0


def test_an_adversary_who_chooses_by_what_was_seen_stays_within_delta():
    """It spends what is left at whichever order the first outcome favours; its privacy loss is simulated.

    Gaussian mechanisms on neighbours 1 apart: at noise s the loss is N(1/(2 s²), 1/s²), and (epsilon,
    delta) holds if E[(1 - exp(epsilon - loss))+] is at most delta.
    """
    epsilon, delta, draws = 2.0, 0.01, 400_000
    random = np.random.default_rng(0)

    def fits(rho: float) -> bool:
        total = renyi_curve(Gaussian(noise_multiplier=1 / math.sqrt(2 * rho)))
        first = renyi_curve(Gaussian(noise_multiplier=4.0))
        return filter_epsilon(total, first=first, epsilon=epsilon, delta=delta) <= epsilon

    grid = np.linspace(1e-4, 1.0, 2000)
    most = max(rho for rho in grid if fits(rho))
    spent, loss = np.full(draws, 1 / 32), random.normal(1 / 32, 1 / 4, draws)
    for _ in range(40):  # small steps where the loss is already high, and a stop where it can't come back
        go = (loss > -0.5) & (spent < most - 1e-9)
        rho = np.where(go, np.minimum(most - spent, np.where(loss > 1.0, 0.02, 0.002)), 0.0)
        loss += np.where(go, random.normal(rho, np.sqrt(2 * rho)), 0.0)
        spent += rho
    failing = np.maximum(0.0, -np.expm1(epsilon - loss)).mean()
    assert 0 < failing <= delta
