"""How far a stage is, said at most five times a second."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One sign of life.

    Attributes:
        stage: name of the stage, e.g. `train`.
        step: steps done, of all epochs together.
        total: steps that there will be, unless it stops early.
        metrics: what was last seen, e.g. `{"epoch": 3, "loss": 0.31}`.
    """

    stage: str
    step: int
    total: int
    metrics: Mapping[str, float] = field(default_factory=dict)


class Throttled:
    """Call `progress` when `seconds` have passed since the last time; metrics are computed only then.

    Args:
        progress: what is to be called.
        seconds: shortest time between two calls.
    """

    def __init__(self, progress: Callable[[Progress], None], seconds: float = 0.2):
        self.progress, self.seconds = progress, seconds
        self.last = -float("inf")

    def __call__(
        self,
        stage: str,
        step: int,
        total: int,
        metrics: Callable[[], Mapping[str, float]],
        *,
        now: bool = False,
    ) -> None:
        """Report where the stage is; `now` reports even if it was just done, as at the end of an epoch."""
        moment = time.monotonic()
        if now or moment - self.last >= self.seconds:
            self.last = moment
            self.progress(Progress(stage=stage, step=step, total=total, metrics=metrics()))
