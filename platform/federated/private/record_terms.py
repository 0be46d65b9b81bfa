"""What clients are told of noise on their own steps, the same at each of them. Standard library only."""

from dataclasses import dataclass

__all__ = ["RecordTerms"]


@dataclass(frozen=True, kw_only=True)
class RecordTerms:
    """The mechanism that hides a row, whichever client it is at.

    Attributes:
        noise_multiplier: standard deviation of the noise in multiples of a row's largest part in a sum.
        sample_rate: probability that a row takes part in a step.
        steps: that stand in for a pass over a client's rows.
        max_grad_norm: largest norm of a row's gradient.
        clipping: how it is held to that.
        physical_batch: most rows that go through the network at once, or None.
        noise_seed: makes the noise repeatable, and known to whoever is told it; None is truly random.
    """

    noise_multiplier: float
    sample_rate: float
    steps: int
    max_grad_norm: float
    clipping: str = "flat"
    physical_batch: int | None = None
    noise_seed: int | None = None
