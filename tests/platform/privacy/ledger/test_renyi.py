"""Rényi curves, against integrals by SciPy, closed forms, Opacus and Google's dp-accounting."""

import math
import subprocess
import sys

import numpy as np
import pytest
from assay.platform.privacy.ledger.events import (
    Composed,
    Gaussian,
    Laplace,
    NonPrivate,
    PoissonSampled,
    SelfComposed,
    dp_sgd,
)
from assay.platform.privacy.ledger.renyi import ORDERS, SMALLEST_INTEGRATED, renyi_curve
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

ALPHAS = np.asarray(ORDERS, dtype=float)
WHOLE = np.asarray([order == int(order) for order in ORDERS])
RATES = st.floats(1e-6, 0.99)
NOISES = st.floats(0.05, 200.0)


def sampled(rate: float, noise: float) -> PoissonSampled:
    return PoissonSampled(sampling_probability=rate, event=Gaussian(noise_multiplier=noise))


@pytest.mark.parametrize("noise", [0.21, 0.5, 1.0, 3.0, 50.0])
@pytest.mark.parametrize("rate", [1e-5, 0.004, 0.1, 0.9])
def test_whole_orders_are_googles(noise, rate):
    rdp = pytest.importorskip("dp_accounting.rdp.rdp_privacy_accountant")
    orders = [order for order in ORDERS if order == int(order)]
    expected = rdp._compute_rdp_poisson_subsampled_gaussian(rate, noise, orders)
    np.testing.assert_allclose(renyi_curve(sampled(rate, noise))[WHOLE], expected, rtol=1e-6, atol=1e-18)


@pytest.mark.parametrize(("rate", "noise"), [(0.01, 1.0), (0.2, 0.7), (0.5, 4.0), (0.05, 10.0)])
@pytest.mark.parametrize("order", [1.1, 1.5, 2.7, 6.3, 10.9])
def test_fractional_orders_are_the_integral_that_scipy_finds(rate, noise, order):
    """Google's series bounds these from above; the integral is exact."""

    def excess(z: float) -> float:
        share = rate * math.expm1((2 * z - 1) / (2 * noise**2))
        return stats.norm.pdf(z, scale=noise) * (math.expm1(order * math.log1p(share)) - order * share)

    ends = (-12 * noise, order + 12 * noise)
    found, _ = integrate.quad(excess, *ends, points=[0, order / 2, order], epsabs=0, epsrel=1e-9, limit=500)
    ours = renyi_curve(sampled(rate, noise))[ORDERS.index(order)]
    assert ours == pytest.approx(math.log1p(found) / (order - 1), rel=1e-6)


@pytest.mark.parametrize(("rate", "noise"), [(1e-6, 1e6), (1e-9, 50.0), (1e-12, 1e9), (1e-8, 0.5)])
def test_the_smallest_costs_are_not_lost_to_rounding(rate, noise):
    """Leading term: E[(1 + u)^a] - 1 is a (a - 1) / 2 E[u²], and E[u²] = rate² (exp(1 / noise²) - 1)."""
    expected = ALPHAS / 2 * rate**2 * math.expm1(1 / noise**2)
    curve = renyi_curve(sampled(rate, noise))
    assert (curve >= expected * 0.999).all()
    low = ALPHAS <= 2  # higher orders have more to them where there is little noise
    assert (curve[low] <= expected[low] * 1.02 + 1e-30).all()


def test_laplace_is_googles_and_tends_to_its_pure_epsilon():
    rdp = pytest.importorskip("dp_accounting.rdp.rdp_privacy_accountant")
    for scale in (0.5, 1.0, 5.0):
        ours = renyi_curve(Laplace(noise_multiplier=scale))
        expected = [rdp._laplace_rdp(1 / scale, order) for order in ORDERS]
        np.testing.assert_allclose(ours, expected, rtol=1e-9)
        assert ours.max() <= 1 / scale


def test_everybody_taking_part_is_the_gaussian_mechanism():
    np.testing.assert_allclose(renyi_curve(sampled(1.0, 3.0)), ALPHAS / 18)
    np.testing.assert_allclose(renyi_curve(Gaussian(noise_multiplier=3.0)), ALPHAS / 18)


def test_curves_add_up_and_nothing_costs_nothing():
    one, two = Gaussian(noise_multiplier=2.0), Laplace(noise_multiplier=3.0)
    both = Composed(events=(one, SelfComposed(event=two, count=4)))
    np.testing.assert_allclose(renyi_curve(both), renyi_curve(one) + 4 * renyi_curve(two))
    assert not renyi_curve(dp_sgd(noise_multiplier=1.0, sample_rate=0.1, steps=0)).any()
    assert not renyi_curve(SelfComposed(event=NonPrivate(), count=0)).any()
    assert np.isinf(renyi_curve(Composed(events=(one, NonPrivate())))).all()


@settings(deadline=None, max_examples=60)
@given(rate=RATES, noise=NOISES)
def test_a_curve_rises_with_the_order_and_stays_below_the_whole_data_set(rate, noise):
    curve = renyi_curve(sampled(rate, noise))
    assert (curve >= 0).all()
    assert (np.diff(curve) >= -1e-9 * curve[1:]).all()
    assert (curve <= ALPHAS / (2 * noise**2) * (1 + 1e-9)).all()


@settings(deadline=None, max_examples=40)
@given(rate=RATES, noise=NOISES, more=st.floats(1.01, 3.0))
def test_more_noise_and_smaller_samples_cost_less(rate, noise, more):
    curve = renyi_curve(sampled(rate, noise))
    slack = curve * 1e-7 + 1e-18
    # Below this noise the curve is a bound, which lies above the exact one.
    if noise >= SMALLEST_INTEGRATED or noise * more < SMALLEST_INTEGRATED:
        assert (renyi_curve(sampled(rate, noise * more)) <= curve + slack).all()
    assert (renyi_curve(sampled(rate / more, noise)) <= curve + slack).all()


def test_the_bound_at_little_noise_lies_above_the_exact_curve():
    below, above = SMALLEST_INTEGRATED * 0.999, SMALLEST_INTEGRATED * 1.001
    for rate in (0.001, 0.1):
        assert (renyi_curve(sampled(rate, below)) > renyi_curve(sampled(rate, above))).all()


def test_a_curve_imports_neither_opacus_nor_torch():
    code = (
        "import sys; from assay.platform.privacy.ledger import ledger, events, renyi;"
        "renyi.renyi_curve(events.dp_sgd(noise_multiplier=1.0, sample_rate=0.1, steps=9));"
        "heavy = {'opacus', 'torch', 'scipy', 'pandas', 'pyarrow', 'sqlalchemy.orm'};"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
