"""Learning-rate schedules as pure functions: the factor on the peak rate at a step.

No state to save: a run that resumes at step n asks for factor(n). Importing this imports no torch.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from .unknown import UnknownNameError

__all__ = ["SCHEDULES", "Schedule", "build_schedule", "constant", "cosine", "one_cycle"]


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


def constant(step: int, steps: int, *, warmup: float = 0.05) -> float:
    """Straight up over the warm-up, then level.

    Args:
        step: number of this step, from 0.
        steps: steps in all.
        warmup: share of the steps that goes up.
    """
    return min(1.0, (step + 1) / max(1, round(warmup * steps)))


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A row of the table."""

    summary: str
    """What it is, in one line."""

    function: Callable[..., float]
    """`(step, steps, **options)` to a factor."""

    options: Mapping[str, Any]
    """Every option with its default."""


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
        "constant": Schedule(
            summary="short warm-up, then level",
            function=constant,
            options={"warmup": 0.05},
        ),
    }
)


def build_schedule(name: str, steps: int, **options: Any) -> Callable[[int], float]:
    """Make a schedule by its name: a function from a step's number to the factor on the peak rate.

    Raises:
        UnknownNameError: no such schedule or option.
    """
    if name not in SCHEDULES:
        raise UnknownNameError("schedule", name, SCHEDULES)
    for option in options:
        if option not in SCHEDULES[name].options:
            raise UnknownNameError(f"option of {name}", option, SCHEDULES[name].options)
    return partial(SCHEDULES[name].function, steps=steps, **options)


def _cosine_between(first: float, last: float, share: float) -> float:
    """Half a cosine from `first` at share 0 to `last` at share 1."""
    return last + (first - last) * (1 + math.cos(math.pi * share)) / 2
