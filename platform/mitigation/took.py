"""How long something took: on the wall, and on the processors, by which a stage's energy is shared out."""

import time
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Took:
    """Two spans of time, or two moments.

    Attributes:
        seconds: on the wall.
        cpu_seconds: of this process, over all its threads.
    """

    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @classmethod
    def now(cls) -> "Took":
        """This moment."""
        return cls(seconds=time.perf_counter(), cpu_seconds=time.process_time())

    @classmethod
    def since(cls, start: "Took") -> "Took":
        """What has passed since a moment."""
        now = cls.now()
        return cls(seconds=now.seconds - start.seconds, cpu_seconds=now.cpu_seconds - start.cpu_seconds)
