"""The same work on other processors: what its CPU seconds would cost there.

Rated watts and hardware threads are the makers' (AMD: https://www.amd.com/en/products/specifications.html,
Intel: https://www.intel.com/content/www/us/en/ark.html). A CPU second is taken to do the same work on each,
with all threads busy: a faster processor needs fewer, so these are for comparing kinds of machine, not for
choosing one. Memory is not in it.
"""

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["PROCESSORS", "Processor", "elsewhere"]

_JOULES_PER_KWH = 3.6e6


@dataclass(frozen=True, kw_only=True)
class Processor:
    """One processor by its maker's data sheet."""

    name: str
    watts: float
    """Rated (thermal design) power, in watts."""
    threads: int

    def kwh(self, cpu_seconds: float) -> float:
        """Energy of so many seconds of one thread, in kWh."""
        return cpu_seconds * self.watts / self.threads / _JOULES_PER_KWH


PROCESSORS = (
    Processor(name="AMD EPYC 9654", watts=360, threads=192),
    Processor(name="AMD EPYC 7763", watts=280, threads=128),
    Processor(name="Intel Xeon Platinum 8592+", watts=350, threads=128),
    Processor(name="Intel Xeon Platinum 8480+", watts=350, threads=112),
    Processor(name="Intel Xeon Gold 6338", watts=205, threads=64),
    Processor(name="AMD Ryzen 9 7950X", watts=170, threads=32),
)
"""Server and desktop parts, the fewest watts a thread first."""


def elsewhere(cpu_seconds: float) -> list[dict[str, Any]]:
    """A line a processor: its data sheet and the energy of the same CPU seconds, in kWh."""
    return [asdict(processor) | {"kwh": processor.kwh(cpu_seconds)} for processor in PROCESSORS]
