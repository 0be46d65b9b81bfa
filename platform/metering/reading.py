"""What the meter says of one stretch of work."""

from dataclasses import asdict, dataclass
from typing import Any

UNFINISHED = ("unread: the work is not finished",)


@dataclass(slots=True)
class Reading:
    """Energy of one stretch of work; filled in when its `with` block ends.

    A part that was not read is None, never zero: a running machine draws power. `flags` then says why, and
    whoever adds readings up must say that the sum is incomplete.
    """

    kwh: float | None = None
    """Energy of processor, memory and accelerators together, in kWh; None where any of them went unread."""

    low: float | None = None
    """Lower end of what can be meant, in kWh (rule: `bounds.py`)."""

    high: float | None = None
    """Upper end of what can be meant, in kWh (rule: `bounds.py`)."""

    cpu_kwh: float | None = None
    """Processor, in kWh."""

    ram_kwh: float | None = None
    """Memory, in kWh: always a model, no machine that CodeCarbon knows counts it alone."""

    gpu_kwh: float | None = None
    """Accelerators, in kWh; 0 where the machine has none."""

    seconds: float = 0.0
    """Wall-clock seconds of the stretch."""

    cpu_seconds: float = 0.0
    """Seconds of processor time of this process, over all its threads, children that ended included."""

    method: str = "unread"
    """How the processor was read: a counter ("rapl", …), a model ("cpu_load", "constant"), or "unread"."""

    estimated: bool = True
    """Whether the processor's part comes from a model of its load rather than from an energy counter."""

    flags: tuple[str, ...] = UNFINISHED
    """What is wrong with the reading, each as "kind: why"; empty where nothing is."""

    def to_json(self) -> dict[str, Any]:
        """All fields, those that were not read left out."""
        fields = {name: value for name, value in asdict(self).items() if value is not None}
        return {**fields, "flags": list(self.flags)}
