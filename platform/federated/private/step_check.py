"""A self-check of a client's steps: does every weight's gradient get the noise that is accounted for?

Nobody but the client can look: a step that leaves noise out teaches better, and its answer looks like any.
"""

from dataclasses import replace

import torch
from scipy import stats
from torch import nn

from ...privacy.noise import GaussianNoise
from ...privacy.self_check import UNLIKELY, MechanismError
from ...privacy.stepper import PrivateStepper
from ...training.rows import Rows

__all__ = ["check_step"]

_NUMBERS = 1000
"""That are looked at, at least: half the noise is then found for sure."""


def check_step(stepper: PrivateStepper, objective: nn.Module, rows: Rows, deviation: float) -> None:
    """Take steps on nobody's rows, with noise that isn't used again, and measure how it scatters.

    It can't tell whether the operating system's entropy is good, nor what a client does that runs other code;
    on a parameter of a few numbers it finds that noise is missing, not that there is somewhat less.

    Args:
        stepper: that is about to be used.
        objective: that it was made for; its weights stay as they are.
        rows: of which none is taken.
        deviation: standard deviation of the noise on each number of the mean gradient.

    Raises:
        MechanismError: gradients scatter otherwise, all together or a parameter's, as they would by chance in
            fewer than one of 10**6 rounds.
    """
    if deviation == 0:
        return
    learned = [parameter for parameter in objective.parameters() if parameter.requires_grad]
    trials = -(-_NUMBERS // sum(parameter.numel() for parameter in learned))
    trial, nobody = replace(stepper, noise=GaussianNoise()), rows.batch(torch.arange(0))
    squares = [0.0] * len(learned)
    for _ in range(trials):
        trial.backward(objective, nobody)
        for i, parameter in enumerate(learned):
            assert parameter.grad is not None, "a noisy step gives every parameter a gradient"
            squares[i] += float((parameter.grad.double() / deviation).square().sum())
    seen = [(f"shape {tuple(parameter.shape)}", parameter.numel()) for parameter in learned]
    seen.append(("any shape", sum(parameter.numel() for parameter in learned)))
    for (what, numbers), found in zip(seen, [*squares, sum(squares)], strict=True):
        below = stats.chi2.cdf(found, trials * numbers)
        if min(below, 1 - below) < UNLIKELY / (2 * len(seen)):
            raise MechanismError(
                "the noise at this client isn't the one that is accounted for: on gradients of parameters of"
                f" {what} its variance is {found / (trials * numbers):.3g} times as large"
            )
