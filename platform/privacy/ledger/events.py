"""What a mechanism did to the rows, in the words of Google's dp-accounting (`DpEvent`).

A ledger of epsilons could never be composed again; a ledger of events can, by a better accountant, too.
Neighbours differ by adding or removing one unit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...exceptions import SpecError
from ..accountant import SubsampledGaussian

__all__ = [
    "Composed",
    "Event",
    "Gaussian",
    "Laplace",
    "NonPrivate",
    "PoissonSampled",
    "SelfComposed",
    "dp_sgd",
    "event_from_json",
    "event_of",
]

NOISE = (1e-6, 1e9)
"""Least and most noise of an event: beyond, its cost is lost to rounding."""

MOST_STEPS = 10**12


@dataclass(frozen=True, kw_only=True)
class Gaussian:
    """Normal noise on a sum; `noise_multiplier` is its standard deviation over the L2 sensitivity."""

    noise_multiplier: float

    def __post_init__(self) -> None:
        _check_noise(self.noise_multiplier)

    def to_json(self) -> dict[str, Any]:
        """The event as JSON."""
        return {"type": "GaussianDpEvent", "noise_multiplier": float(self.noise_multiplier)}


@dataclass(frozen=True, kw_only=True)
class Laplace:
    """Laplace noise on a sum; `noise_multiplier` is its scale over the L1 sensitivity."""

    noise_multiplier: float

    def __post_init__(self) -> None:
        _check_noise(self.noise_multiplier)

    def to_json(self) -> dict[str, Any]:
        """The event as JSON."""
        return {"type": "LaplaceDpEvent", "noise_multiplier": float(self.noise_multiplier)}


@dataclass(frozen=True, kw_only=True)
class PoissonSampled:
    """A Gaussian mechanism on rows that take part with a probability each, independently, unseen."""

    sampling_probability: float
    event: Gaussian

    def __post_init__(self) -> None:
        _check(
            "sampling_probability", self.sampling_probability, 0 < self.sampling_probability <= 1, "in (0, 1]"
        )
        _check("event", type(self.event).__name__, isinstance(self.event, Gaussian), "a Gaussian")

    def to_json(self) -> dict[str, Any]:
        """The event as JSON."""
        return {
            "type": "PoissonSampledDpEvent",
            "sampling_probability": float(self.sampling_probability),
            "event": self.event.to_json(),
        }


@dataclass(frozen=True, kw_only=True)
class SelfComposed:
    """One event `count` times, each choice free to depend on the results before it; 0 times is nothing."""

    event: "Event"
    count: int

    def __post_init__(self) -> None:
        whole = isinstance(self.count, int) and not isinstance(self.count, bool)
        _check(
            "count", self.count, whole and 0 <= self.count <= MOST_STEPS, f"a whole number, 0 to {MOST_STEPS}"
        )

    def to_json(self) -> dict[str, Any]:
        """The event as JSON."""
        return {"type": "SelfComposedDpEvent", "event": self.event.to_json(), "count": self.count}


@dataclass(frozen=True, kw_only=True)
class Composed:
    """Several events on the same rows."""

    events: tuple["Event", ...]

    def to_json(self) -> dict[str, Any]:
        """The event as JSON."""
        return {"type": "ComposedDpEvent", "events": [event.to_json() for event in self.events]}


@dataclass(frozen=True, kw_only=True)
class NonPrivate:
    """Training without any mechanism: its epsilon is infinite."""

    def to_json(self) -> dict[str, Any]:
        """The event as JSON."""
        return {"type": "NonPrivateDpEvent"}


Event = Gaussian | Laplace | PoissonSampled | SelfComposed | Composed | NonPrivate

_DEEPEST = 20


def dp_sgd(*, noise_multiplier: float, sample_rate: float, steps: int) -> SelfComposed:
    """A run of DP-SGD: the Gaussian mechanism on Poisson samples, so many steps of it."""
    step = PoissonSampled(sampling_probability=sample_rate, event=Gaussian(noise_multiplier=noise_multiplier))
    return SelfComposed(event=step, count=steps)


def event_of(mechanisms: Sequence[SubsampledGaussian]) -> Event:
    """The event of what the accountant counts; a mechanism without noise is no mechanism."""
    if any(one.steps and one.noise_multiplier <= 0 for one in mechanisms):
        return NonPrivate()
    runs = tuple(
        dp_sgd(noise_multiplier=one.noise_multiplier, sample_rate=one.sample_rate, steps=one.steps)
        for one in mechanisms
        if one.steps
    )
    return runs[0] if len(runs) == 1 else Composed(events=runs)


def event_from_json(value: Mapping[str, Any], depth: int = 0) -> Event:
    """The event that `to_json` wrote.

    Raises:
        SpecError: it is no event, or one that this Assay doesn't know.
    """
    _check("depth", depth, depth <= _DEEPEST, f"at most {_DEEPEST} events inside one another")
    try:
        match value["type"]:
            case "GaussianDpEvent":
                return Gaussian(noise_multiplier=value["noise_multiplier"])
            case "LaplaceDpEvent":
                return Laplace(noise_multiplier=value["noise_multiplier"])
            case "PoissonSampledDpEvent":
                inner = event_from_json(value["event"], depth + 1)
                if isinstance(inner, Gaussian):
                    return PoissonSampled(sampling_probability=value["sampling_probability"], event=inner)
                raise SpecError("the ledger samples for a Gaussian alone", got=value["event"])
            case "SelfComposedDpEvent":
                return SelfComposed(event=event_from_json(value["event"], depth + 1), count=value["count"])
            case "ComposedDpEvent":
                return Composed(events=tuple(event_from_json(one, depth + 1) for one in value["events"]))
            case "NonPrivateDpEvent":
                return NonPrivate()
    except (KeyError, TypeError) as error:
        raise SpecError("an event of the ledger can't be read", got=f"{value!r:.200}") from error
    raise SpecError("the ledger holds an event that isn't known", got=value["type"])


def _check_noise(noise: float) -> None:
    least, most = NOISE
    _check("noise_multiplier", noise, least <= noise <= most, f"above 0: {least:g} to {most:g}")


def _check(name: str, got: object, holds: bool, expected: str) -> None:
    if not holds:
        raise SpecError(f"{name} of a privacy event is out of range", got=got, expected=expected)
