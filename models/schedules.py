"""Learning-rate schedules as pure functions: the factor on the peak rate at a step.

One that also reacts to validation losses has a second function, of the losses so far; the two factors are
multiplied. There is no state to save: a run that resumes at step n asks for factor(n), and its losses are in
its history. Importing this imports no torch.
"""

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from .unknown import UnknownNameError

__all__ = [
    "SCHEDULES",
    "Schedule",
    "build_reaction",
    "build_schedule",
    "constant",
    "cosine",
    "cosine_restarts",
    "linear",
    "one_cycle",
    "plateau",
    "step_decay",
]


def one_cycle(step: int, steps: int, *, warmup: float = 0.3, start: float = 0.04, end: float = 4e-6) -> float:
    """Up to the peak along a cosine, then down to nearly nothing.

    Smith & Topin, "Super-Convergence" (2018), https://arxiv.org/abs/1708.07120, in the two-phase form of
    PyTorch's `OneCycleLR`, with its defaults.

    Args:
        step: number of this step, from 0.
        steps: steps in all.
        warmup: share of the steps that goes up.
        start: factor at the first step.
        end: factor at the last step.
    """
    peak, last = warmup * steps - 1, steps - 1
    if step <= peak:
        return _cosine_between(start, 1.0, step / peak if peak else 1.0)
    return _cosine_between(1.0, end, (step - peak) / (last - peak) if last > peak else 1.0)


def cosine(step: int, steps: int, *, warmup: float = 0.05, end: float = 0.0) -> float:
    """Straight up over the warm-up, then down along half a cosine.

    Loshchilov & Hutter, "SGDR" (2017), section 3, without restarts, https://arxiv.org/abs/1608.03983

    Args:
        step: number of this step, from 0.
        steps: steps in all.
        warmup: share of the steps that goes up.
        end: factor after the last step.
    """
    rise = round(warmup * steps)
    if step < rise:
        return (step + 1) / rise
    return _cosine_between(1.0, end, (step - rise) / (steps - rise))


def cosine_restarts(
    step: int, steps: int, *, warmup: float = 0.05, cycles: int = 3, growth: float = 2.0, end: float = 0.0
) -> float:
    """Down along half a cosine again and again, each time from the peak and for longer.

    Loshchilov & Hutter, "SGDR" (2017), section 3, https://arxiv.org/abs/1608.03983

    Args:
        step: number of this step, from 0.
        steps: steps in all.
        warmup: share of the steps that goes up, once.
        cycles: number of descents.
        growth: how much longer each is than the one before (`T_mult` of the paper).
        end: factor at the end of a descent.
    """
    rise = round(warmup * steps)
    if step < rise:
        return (step + 1) / rise
    lengths = [growth**cycle for cycle in range(cycles)]
    place = (step - rise) / (steps - rise) * sum(lengths)
    for length in lengths[:-1]:
        if place < length:
            break
        place -= length
    else:
        length = lengths[-1]
    return _cosine_between(1.0, end, place / length)


def linear(step: int, steps: int, *, warmup: float = 0.1, end: float = 0.0) -> float:
    """Straight up over the warm-up, then straight down: how BERT was trained (Devlin et al., 2019, A.2).

    Args:
        step: number of this step, from 0.
        steps: steps in all.
        warmup: share of the steps that goes up.
        end: factor after the last step.
    """
    rise = round(warmup * steps)
    if step < rise:
        return (step + 1) / rise
    return 1.0 + (end - 1.0) * (step - rise) / (steps - rise)


def step_decay(step: int, steps: int, *, warmup: float = 0.0, drops: int = 3, factor: float = 0.1) -> float:
    """Level, and multiplied by `factor` at equal distances, as He et al. (2016) trained residual networks.

    Args:
        step: number of this step, from 0.
        steps: steps in all.
        warmup: share of the steps that goes up.
        drops: how often the rate falls.
        factor: what it is multiplied by.
    """
    rise = round(warmup * steps)
    if step < rise:
        return (step + 1) / rise
    return factor ** ((step - rise) * (drops + 1) // (steps - rise))


def constant(step: int, steps: int, *, warmup: float = 0.05) -> float:
    """Straight up over the warm-up, then level.

    Args:
        step: number of this step, from 0.
        steps: steps in all.
        warmup: share of the steps that goes up.
    """
    return min(1.0, (step + 1) / max(1, round(warmup * steps)))


def plateau(
    losses: Sequence[float], *, factor: float = 0.1, patience: int = 3, threshold: float = 1e-4
) -> float:
    """Lower each time that validation losses have stopped falling: PyTorch's `ReduceLROnPlateau`.

    Args:
        losses: validation losses of the epochs so far.
        factor: what the rate is multiplied by.
        patience: epochs without a better loss that are endured; the next one lowers the rate.
        threshold: share by which a loss has to be lower to be better.
    """
    best, bad, found = math.inf, 0, 1.0
    for loss in losses:
        better = loss < best * (1 - threshold)
        best, bad = (loss, 0) if better else (best, bad + 1)
        if bad > patience:
            found, bad = found * factor, 0
    return found


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A row of the table."""

    summary: str
    """What it is, in one line."""

    function: Callable[..., float]
    """`(step, steps, **options)` to a factor."""

    options: Mapping[str, Any]
    """Every option with its default."""

    reaction: Callable[..., float] | None = None
    """`(validation losses so far, **options)` to a further factor, or None."""


SCHEDULES: Mapping[str, Schedule] = MappingProxyType(
    {
        "one_cycle": Schedule(
            summary="up to the peak, then down to nearly nothing",
            function=one_cycle,
            options={"warmup": 0.3, "start": 0.04, "end": 4e-6},
        ),
        "cosine": Schedule(
            summary="short warm-up, then down along half a cosine",
            function=cosine,
            options={"warmup": 0.05, "end": 0.0},
        ),
        "cosine_restarts": Schedule(
            summary="down along half a cosine again and again, each time for longer",
            function=cosine_restarts,
            options={"warmup": 0.05, "cycles": 3, "growth": 2.0, "end": 0.0},
        ),
        "linear": Schedule(
            summary="warm-up, then straight down",
            function=linear,
            options={"warmup": 0.1, "end": 0.0},
        ),
        "step": Schedule(
            summary="level, with a few sudden drops",
            function=step_decay,
            options={"warmup": 0.0, "drops": 3, "factor": 0.1},
        ),
        "constant": Schedule(
            summary="short warm-up, then level",
            function=constant,
            options={"warmup": 0.05},
        ),
        "plateau": Schedule(
            summary="short warm-up, then level, and lower each time that validation losses stop falling",
            function=constant,
            reaction=plateau,
            options={"warmup": 0.05, "factor": 0.1, "patience": 3, "threshold": 1e-4},
        ),
    }
)


def build_schedule(name: str, steps: int, **options: Any) -> Callable[[int], float]:
    """Make a schedule by its name: a function from a step's number to the factor on the peak rate.

    Raises:
        UnknownNameError: no such schedule or option.
        ValueError: options that give a rate below 0, or none.
    """
    function = _row(name, options).function
    schedule = partial(function, steps=steps, **_meant_for(function, options))
    factors = [schedule(step) for step in {*range(0, steps, max(1, steps // 100)), max(steps - 1, 0)}]
    if not all(isinstance(factor, float | int) and 0 <= factor < math.inf for factor in factors):
        raise ValueError(f"{name}: got {options}, expected options whose factors on the rate are 0 or more")
    return schedule


def build_reaction(name: str, **options: Any) -> Callable[[Sequence[float]], float] | None:
    """The function from validation losses so far to a further factor, or None for a schedule without one.

    Raises:
        UnknownNameError: no such schedule or option.
        ValueError: options that no plateau can have.
    """
    row = _row(name, options)
    if row.reaction is None:
        return None
    chosen = {**row.options, **options}
    if not (0 < chosen["factor"] <= 1 and chosen["patience"] >= 0 and 0 <= chosen["threshold"] < 1):
        raise ValueError(
            f"{name}: got {options}, expected factor in (0, 1], patience from 0, threshold in [0, 1)"
        )
    return partial(row.reaction, **_meant_for(row.reaction, options))


def _row(name: str, options: Mapping[str, Any]) -> Schedule:
    if name not in SCHEDULES:
        raise UnknownNameError("schedule", name, SCHEDULES)
    for option in options:
        if option not in SCHEDULES[name].options:
            raise UnknownNameError(f"option of {name}", option, SCHEDULES[name].options)
    return SCHEDULES[name]


def _meant_for(function: Callable[..., float], options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the options that a function takes."""
    taken = inspect.signature(function).parameters
    return {name: value for name, value in options.items() if name in taken}


def _cosine_between(first: float, last: float, share: float) -> float:
    """Half a cosine from `first` at share 0 to `last` at share 1."""
    return last + (first - last) * (1 + math.cos(math.pi * share)) / 2
