"""When does one more event still fit a budget? A privacy filter of Rényi curves.

Plain composition takes what runs as fixed in advance. Over years it isn't: how much noise the third version
gets depends on what the second one showed. Feldman & Zrnic, "Individual Privacy Accounting via a Rényi
Filter" (2021), https://arxiv.org/abs/2008.11193: at one fixed order, costs may be chosen by what came before,
as long as nothing runs that would bring their sum above a preset bound. Whoever takes the best order
afterwards breaks that premise, for which order is best depends on what was chosen. So delta is shared among
the orders before anything runs: the probability of failing while order a is within its bound is at most
share_a * delta, and together at most delta. Runs may overlap in time: Haney et al. (2023),
https://arxiv.org/abs/2309.05901, extend filters of fixed order to interleaved mechanisms.

An accountant of privacy loss distributions (PRV) is tighter, but no filter: composing whole distributions is
not free under adaptive choices (https://arxiv.org/abs/2602.15815). It has its place within one run, whose
noise and steps are fixed before it starts.
"""

import math

import numpy as np

from .renyi import ORDERS

__all__ = ["composed_epsilon", "delta_shares", "filter_epsilon"]

PREFERRED_SHARE = 0.8
"""Share of delta for the order that serves the first event best; the others' part costs it 1% of epsilon."""

_ORDERS = np.asarray(ORDERS, dtype=float)
_LADDER = 1 + 0.5 * 1.35 ** np.arange(21)  # half a rung away from the best order loses 1% of epsilon
_SPREAD = np.isin(np.arange(len(_ORDERS)), np.abs(_ORDERS[:, None] - _LADDER).argmin(0))


def composed_epsilon(curve: np.ndarray, delta: float) -> float:
    """Epsilon of a summed curve at this delta, for events that were fixed in advance.

    The least over all orders: Canonne, Kamath & Steinke (2020), https://arxiv.org/abs/2004.00010,
    proposition 12.

    Args:
        curve: summed Rényi divergences, `(orders,)`.
        delta: probability that the bound may fail.

    Returns:
        Epsilon, 0 for no events, infinite for training without a mechanism.
    """
    return _least(curve, np.full(len(_ORDERS), math.log(delta)))


def filter_epsilon(curve: np.ndarray, *, first: np.ndarray, epsilon: float, delta: float) -> float:
    """How much of a budget a summed curve uses, whatever the events' costs were chosen by.

    Nothing may run that would bring it above the budget's epsilon. It lies above `composed_epsilon`: by 1%
    to 2.5% where events like the first one use the budget up, by more on the way there and for events of
    another shape. A reading on the way is no guarantee; the budget is.

    Args:
        curve: summed Rényi divergences, `(orders,)`.
        first: curve of the first event alone, as it was reserved.
        epsilon: the budget, set before anything ran.
        delta: the budget's.
    """
    return _least(curve, math.log(delta) + _log(delta_shares(first, epsilon=epsilon, delta=delta)))


def delta_shares(first: np.ndarray, *, epsilon: float, delta: float) -> np.ndarray:
    """How a budget's delta is shared among the orders: `(orders,)`, summing to 1.

    Known before anything ran, as it depends on the budget and on the first event alone: most goes to the
    order at which that event would fit in most often, the rest evenly to orders that are spread out.
    """
    shares = np.where(_SPREAD, (1 - PREFERRED_SHARE) / _SPREAD.sum(), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        often = (epsilon - _conversion(np.full(len(_ORDERS), math.log(delta)))) / first
    shares[int(np.nan_to_num(often, nan=-np.inf).argmax())] += PREFERRED_SHARE
    return shares


def _least(curve: np.ndarray, log_delta: np.ndarray) -> float:
    if not curve.any():
        return 0.0
    return max(0.0, float((curve + _conversion(log_delta)).min()))


def _conversion(log_delta: np.ndarray) -> np.ndarray:
    """What each order adds to its divergence to become an epsilon."""
    return np.log1p(-1 / _ORDERS) - (log_delta + np.log(_ORDERS)) / (_ORDERS - 1)


def _log(shares: np.ndarray) -> np.ndarray:
    """Logarithms, without a warning where a share is 0: such an order bounds nothing."""
    with np.errstate(divide="ignore"):
        return np.log(shares)
