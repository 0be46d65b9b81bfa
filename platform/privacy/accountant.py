"""How much privacy a run of DP-SGD costs, and how much noise a budget asks for.

A step is the Gaussian mechanism on a Poisson sample, with adding or removing one row as neighbours; steps
compose. Computed by Opacus's accountants: `prv` (Gopi et al. 2021, https://arxiv.org/abs/2106.02848), tight
up to a known error, and `rdp` (Mironov 2017, https://arxiv.org/abs/1702.07476), looser and fast. Both are
upper bounds.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np

from ..exceptions import SpecError

__all__ = [
    "Accountant",
    "SubsampledGaussian",
    "check_budget",
    "check_installed",
    "epsilon_of",
    "noise_multiplier_for",
]

Accountant = Literal["prv", "rdp"]

ORDERS = tuple(1 + x / 10 for x in range(1, 100)) + tuple(range(11, 64)) + (80, 96, 128, 192, 256, 512, 1024)
"""Rényi orders that are tried: high ones for small epsilon."""

LARGEST_NOISE = 10_000.0


_NEEDED = ("opacus", "cryptography")


def check_installed() -> None:
    """Refuse private training where a library of it isn't there.

    Raises:
        SpecError: one is missing.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise SpecError(
            "differential privacy needs libraries that aren't here",
            got=f"no package named {' and '.join(missing)}",
            expected="the extra `privacy`",
            mend="pip install 'assay[privacy]'",
        )


@dataclass(frozen=True, kw_only=True)
class SubsampledGaussian:
    """A mechanism that ran: what a ledger notes of it, in place of its epsilon.

    Attributes:
        noise_multiplier: standard deviation of the noise in multiples of the sensitivity.
        sample_rate: probability that a row takes part in a step.
        steps: how often it ran.
    """

    noise_multiplier: float
    sample_rate: float
    steps: int


def epsilon_of(
    mechanisms: Sequence[SubsampledGaussian], *, delta: float, accountant: Accountant = "prv"
) -> float:
    """Epsilon of all mechanisms together at this delta; infinite where one added no noise."""
    ran = [one for one in mechanisms if one.steps]
    if not ran:
        return 0.0
    if any(one.noise_multiplier <= 0 for one in ran):
        return math.inf
    history = [(one.noise_multiplier, one.sample_rate, one.steps) for one in ran]
    with warnings.catch_warnings():
        # It only means that a higher order would give a smaller epsilon.
        warnings.filterwarnings("ignore", message="Optimal order is the (largest|smallest) alpha")
        return _rdp(history, delta) if accountant == "rdp" else _prv(history, delta)


def noise_multiplier_for(
    epsilon: float,
    *,
    delta: float,
    sample_rate: float,
    steps: int,
    before: Sequence[SubsampledGaussian] = (),
    also: Sequence[tuple[float, int]] = (),
    accountant: Accountant = "prv",
    precision: float = 1e-3,
) -> float:
    """Smallest noise multiplier (within `precision`, relative) whose run keeps within epsilon.

    Args:
        epsilon: the budget.
        delta: probability that the bound may fail.
        sample_rate: probability that a row takes part in a step.
        steps: of the run.
        before: what already ran on the same rows, within the same budget.
        also: sample rate and steps of runs to come that get the same noise, within the same budget.
        accountant: `prv` or `rdp`.
        precision: how close to the smallest; it errs towards more noise.

    Raises:
        SpecError: what ran before leaves nothing, or no amount of noise is enough.
    """

    def spent(noise: float) -> float:
        runs = (
            SubsampledGaussian(noise_multiplier=noise, sample_rate=rate, steps=count)
            for rate, count in ((sample_rate, steps), *also)
        )
        return epsilon_of((*before, *runs), delta=delta, accountant=accountant)

    low, high = 0.0, 1.0
    if accountant == "prv":  # start from the looser answer, which costs a hundredth
        shape: dict[str, Any] = {"sample_rate": sample_rate, "steps": steps, "before": before, "also": also}
        high = noise_multiplier_for(epsilon, delta=delta, accountant="rdp", **shape)
        low = high / 2
    while spent(high) > epsilon:
        low, high = high, 2 * high
        if high > LARGEST_NOISE:
            raise SpecError(
                "no amount of noise keeps this run within its budget",
                got=f"epsilon {epsilon:g}, {steps} steps, {len(before)} mechanisms before",
                expected=f"epsilon above {epsilon_of(before, delta=delta, accountant=accountant):.3g}",
                mend="raise privacy.epsilon, or lower train.epochs (clients: federated.rounds)",
            )
    while high - low > precision * high:
        middle = (low + high) / 2
        low, high = (low, middle) if spent(middle) <= epsilon else (middle, high)
    return high


def check_budget(
    *,
    epsilon: float,
    delta: float,
    rows: int,
    batch_size: int,
    unit: str = "row",
    stage: str = "train",
) -> None:
    """Refuse what can't be promised, or promises nothing.

    Args:
        epsilon: of the run.
        delta: of the run.
        rows: number of rows, or of persons where these are the unit.
        batch_size: expected units a step.
        unit: `row` or `person`, for messages.
        stage: section that the batch size is from, for messages.

    Raises:
        SpecError: epsilon is 0 or less, delta is not below 1 / rows, or the batch is larger than the data.
    """
    rules = (
        ("privacy.epsilon", epsilon, 0 < epsilon < math.inf, "above 0", "give a budget, e.g. 3.0"),
        (
            "privacy.delta",
            delta,
            0 < delta < 1 / rows,
            f"above 0, below 1 / {rows} {unit}s = {1 / rows:.3g}: at 1 / {unit}s all of one may be published",
            f"take {10 ** math.floor(math.log10(1 / rows) - 0.3):.0e} or less",
        ),
        (
            f"{stage}.batch_size",
            batch_size,
            1 <= batch_size <= rows,
            f"1 to {rows}, the number of {unit}s",
            f"lower {stage}.batch_size",
        ),
    )
    for key, value, holds, expected, mend in rules:
        if not holds:
            raise SpecError(f"{key} is out of range", got=value, expected=expected, mend=mend)


def _prv(history: list[tuple[float, float, int]], delta: float) -> float:
    accountant = _opacus().PRVAccountant()
    accountant.history = history
    # Errors of the estimate, which is an upper bound by their sum: 1% at an epsilon of 0.5.
    with np.errstate(divide="ignore"):  # log(1 - sample rate) where every row takes part
        return float(accountant.get_epsilon(delta, eps_error=0.005, delta_error=delta / 1000))


def _rdp(history: list[tuple[float, float, int]], delta: float) -> float:
    accountant = _opacus().RDPAccountant()
    accountant.history = history
    return float(accountant.get_epsilon(delta, alphas=list(ORDERS)))


def _opacus():
    """Opacus's accountants, imported when an epsilon is asked for: importing them takes seconds."""
    check_installed()
    from opacus import accountants

    return accountants
