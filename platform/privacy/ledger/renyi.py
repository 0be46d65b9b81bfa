"""Rényi curves of events: how much an event costs at each order.

Mironov, "Rényi Differential Privacy" (2017), https://arxiv.org/abs/1702.07476, proposition 7 and table II;
Mironov, Talwar & Zhang, "Rényi Differential Privacy of the Sampled Gaussian Mechanism" (2019),
https://arxiv.org/abs/1908.10530, theorem 4: the worse direction is mixture against normal.

The expectation is integrated by the trapezoid rule, which for an analytic integrand with Gaussian tails errs
less than rounding does, at whole and fractional orders alike. numpy alone: a ledger is asked before a run
starts, and Opacus's import alone would cost seconds.
"""

import math
from functools import lru_cache

import numpy as np

from ..accountant import ORDERS
from .events import Composed, Event, Gaussian, Laplace, NonPrivate, PoissonSampled, SelfComposed

__all__ = ["ORDERS", "renyi_curve"]

_ORDERS = np.asarray(ORDERS, dtype=float)

SMALLEST_INTEGRATED = 0.2
"""Noise multipliers below this get a closed upper bound: the grid would have millions of points."""

TINY = 1e-7
"""Below this rate for each unit of noise the excess is its leading term, but for a relative error of 1e-4."""

_TAIL = 13.0
"""Standard deviations beyond which the normal density is less than rounding."""


@lru_cache(maxsize=1 << 14)
def renyi_curve(event: Event) -> np.ndarray:
    """Rényi divergence of an event at each of `ORDERS`.

    Returns:
        `(orders,)`, read-only; infinite where nothing bounds it. Curves of events on the same rows add up.
    """
    curve = _curve(event)
    curve.flags.writeable = False
    return curve


def _curve(event: Event) -> np.ndarray:
    match event:
        case Gaussian(noise_multiplier=noise):
            return _ORDERS / (2 * noise**2)
        case Laplace(noise_multiplier=scale):
            return _laplace(scale)
        case PoissonSampled(sampling_probability=rate, event=Gaussian(noise_multiplier=noise)):
            return _sampled_gaussian(rate, noise)
        case SelfComposed(event=inner, count=count):
            return count * renyi_curve(inner) if count else np.zeros(len(_ORDERS))
        case Composed(events=events):
            return sum((renyi_curve(one) for one in events), np.zeros(len(_ORDERS)))
        case NonPrivate():
            return np.full(len(_ORDERS), np.inf)
    raise AssertionError(f"no curve for {event}")


def _laplace(scale: float) -> np.ndarray:
    """Mironov 2017, table II; never above 1 / scale, the mechanism's pure epsilon."""
    a = _ORDERS
    up = np.log(a / (2 * a - 1)) + (a - 1) / scale
    down = np.log((a - 1) / (2 * a - 1)) - a / scale
    return np.clip(np.logaddexp(up, down) / (a - 1), 0.0, 1 / scale)


def _sampled_gaussian(rate: float, noise: float) -> np.ndarray:
    if rate == 1:
        return _ORDERS / (2 * noise**2)
    if noise < SMALLEST_INTEGRATED:  # E[(1 - q + q r)^a] <= 1 - q + q E[r^a], as powers are convex
        moment = _ORDERS * (_ORDERS - 1) / (2 * noise**2)
        return np.logaddexp(math.log1p(-rate), math.log(rate) + moment) / (_ORDERS - 1)
    # The integrand's nearest singularity lies pi * noise**2 off the real line.
    step = min(noise / 3, noise**2 / 2)
    logs = [_log_moment(order, rate, noise, step) for order in ORDERS]
    return np.maximum(logs, 0.0) / (_ORDERS - 1)


def _log_moment(order: float, rate: float, noise: float, step: float) -> float:
    """log E[(1 - q + q r(z))^order] for z ~ N(0, noise²) and the ratio r(z) = exp((2 z - 1) / (2 noise²))."""
    z = np.arange(-_TAIL * noise, order + _TAIL * noise + step, step)
    ratio = (2 * z - 1) / (2 * noise**2)
    weight = -0.5 * (z / noise) ** 2 + math.log(step / (noise * math.sqrt(2 * math.pi)))
    power = order * np.where(
        ratio < 1,  # the second form loses small excesses to rounding, the first overflows
        np.log1p(rate * np.expm1(np.minimum(ratio, 1))),
        np.logaddexp(math.log1p(-rate), math.log(rate) + ratio),
    )
    top = (power + weight).max()
    log_moment = top + math.log(np.exp(power + weight - top).sum())
    if log_moment > 0.1:
        return float(log_moment)
    # Close to 1 the excess is summed instead: E[r - 1] = 0, so the linear part may go, and no term is
    # negative (Bernoulli's inequality).
    linear = order * rate * (np.exp(weight + ratio) - np.exp(weight))
    small = np.exp(weight) * (np.expm1(np.minimum(power, 1)) - order * rate * np.expm1(np.minimum(ratio, 1)))
    large = np.exp(power + weight) - np.exp(weight) - linear
    excess = float(np.where((power < 1) & (ratio < 1), small, large).sum())
    if rate < TINY * noise:  # rounding may swallow it, but steps that cost nothing would never run out
        excess = max(excess, order * (order - 1) / 2 * rate**2 * math.expm1(1 / noise**2))
    return math.log1p(max(excess, 0.0))
