"""Two self-checks of a noisy mean: will it do what is accounted for, and after the last round, did it?

A sum that is divided by how many answered, a client that gets through with more than the bound, and noise
that is missing leave a training that goes well and whose epsilon is wrong; nothing else would show it. That
clients are drawn by Poisson sampling is `platform.privacy.self_check.check_sampling`'s to find.
"""

from collections.abc import Callable

import torch
from scipy import stats

from ...privacy.self_check import UNLIKELY, MechanismError
from .noisy_mean import Answer, NoisyMean

__all__ = ["check_mean", "check_noise"]

_TOO_LONG = 100.0
"""Norm of a trial client's update, in multiples of the bound."""

_ROUNDING = 1e-6
"""Relative to the bound, and absolute: what clipping adds to a norm before it divides by it."""


def check_mean(build: Callable[[], NoisyMean]) -> None:
    """Release the mean of clients that all send the same, far beyond the bound, and say that it is within.

    So many of them send it that the noise hides none of it. Along what they sent, the mean has to be their
    number times the bound over the number that is expected; how far it may stray, the noise says. What is
    released is thrown away, and no row was looked at.

    Args:
        build: makes the mean as it is about to be used, with noise that isn't used again.

    Raises:
        MechanismError: another denominator, another bound, or too little noise or too much.
    """
    mean = build()
    bound, deviation = mean.clipping.bound, mean.deviation
    clients = 2 * mean.expected + 100 * int(1 + mean.noise_multiplier)
    along = {
        name: torch.ones_like(view) / mean.numbers**0.5
        for name, view in zip(mean.names, mean.flat.views.values(), strict=True)
    }
    sent = Answer(update={name: part * bound * _TOO_LONG for name, part in along.items()}, within=True)
    released = mean.release([sent] * clients)
    reached = float(sum((part * released[name]).sum() for name, part in along.items()))
    expected = clients * bound / mean.expected
    rounding = _ROUNDING * (expected + clients / mean.expected)
    allowed = deviation * float(stats.norm.isf(UNLIKELY / 2)) + rounding
    if abs(reached - expected) > allowed:
        raise MechanismError(
            f"the mean of clients' updates isn't the one that is accounted for: {clients} clients beyond the"
            f" bound moved it by {reached:.4g}, {expected:.4g} ± {allowed:.2g} is right"
        )
    check_noise(mean)


def check_noise(mean: NoisyMean) -> None:
    """Compare what was released beside the model's numbers, and in each, with the noise accounted for.

    Raises:
        MechanismError: it scatters otherwise, as it would by chance in fewer than one of 10**6 trainings.
    """
    if mean.releases == 0 or mean.noise_multiplier == 0:
        return
    below = stats.chi2.cdf(mean.spare_squares, mean.releases * len(mean.flat.spare))
    if min(below, 1 - below) < UNLIKELY / 2:
        scatter = mean.spare_squares / (mean.releases * len(mean.flat.spare))
        raise MechanismError(
            f"the noise isn't the one that is accounted for: its variance is {scatter:.3g} times as large"
        )
    mean.watch.check()
