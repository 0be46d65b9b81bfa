"""CodeCarbon, offline and silent: one tracker whose tasks are the slices of time that the meter adds up.

CodeCarbon 3, https://docs.codecarbon.io; its offline tracker opens no connection.
"""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Protocol

from .bounds import Machine

# The offline tracker asks for a country to turn energy into emissions. We read its energy alone: any will do.
_ANY_COUNTRY = "USA"


class Tracker(Protocol):
    """The part of CodeCarbon's tracker that the meter uses."""

    def start_task(self, task_name: str) -> Any:
        """Begin a slice of time."""
        ...

    def stop_task(self, task_name: str) -> Any:
        """End it; returns an object with `cpu_energy`, `ram_energy`, `gpu_energy` in kWh."""
        ...


@dataclass(frozen=True)
class Parts:
    """Energy of one slice of time in kWh; None where CodeCarbon gave no usable number."""

    cpu: float | None = None
    ram: float | None = None
    gpu: float | None = None

    def __add__(self, other: "Parts") -> "Parts":
        """Sum by part; a part that is unread in one of the two is unread in the sum."""
        pairs = ((self.cpu, other.cpu), (self.ram, other.ram), (self.gpu, other.gpu))
        return Parts(*(None if a is None or b is None else a + b for a, b in pairs))

    @property
    def unread(self) -> tuple[str, ...]:
        """Names of the parts that are None."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name) is None)

    def without_zeros(self, *, has_gpu: bool) -> "Parts":
        """Zeros turned into None, but for accelerators that the machine doesn't have."""
        return Parts(self.cpu or None, self.ram or None, (self.gpu or None) if has_gpu else self.gpu)


def open_codecarbon(force_cpu_power: float | None, force_ram_power: float | None) -> Tracker:
    """A started CodeCarbon tracker; takes seconds, because the first task looks at the hardware.

    Every setting that could write a file or open a connection is given here, since CodeCarbon would otherwise
    take it from the environment or from a configuration file in the working directory.
    """
    _silence()
    from codecarbon import OfflineEmissionsTracker

    tracker = OfflineEmissionsTracker(
        country_iso_code=_ANY_COUNTRY,
        output_methods=[],
        output_handlers=[],
        emissions_endpoint=False,
        output_dir=".",
        log_level="critical",
        allow_multiple_runs=True,
        tracking_mode="machine",
        force_cpu_power=force_cpu_power,
        force_ram_power=force_ram_power,
        pue=1.0,
    )
    tracker.start_task("hardware detection")
    tracker.stop_task("hardware detection")
    return tracker


def close_slice(tracker: Tracker, name: str) -> Parts:
    """End a slice of time and read it; a part that is missing, negative or not a number is None.

    Zeros stay: a slice can be shorter than a counter's tick. Whether a zero is believable is asked of
    whole blocks.
    """
    data = tracker.stop_task(name)
    return Parts(*(_usable(data, f"{part}_energy") for part in ("cpu", "ram", "gpu")))


def describe(
    tracker: Tracker, *, force_cpu_power: float | None, force_ram_power: float | None
) -> tuple[Machine, bool]:
    """What the tracker found, and whether the machine has accelerators; attributes may be absent."""
    conf: dict[str, Any] = getattr(tracker, "_conf", {})
    hardware = {type(part).__name__: part for part in getattr(tracker, "_hardware", ())}
    cpu = hardware.get("CPU")
    fallback = next((mode for kind, mode in _BY_CLASS.items() if kind in hardware), "unknown")
    machine = Machine(
        mode=getattr(cpu, "_mode", fallback),
        cpu_watts=force_cpu_power or getattr(cpu, "_tdp", None),
        cpu_forced=force_cpu_power is not None,
        ram_watts=force_ram_power,
        threads=int(conf.get("cpu_count") or 1),
        memory_gb=float(conf.get("ram_total_size") or 0.0),
    )
    return machine, bool(conf.get("gpu_count"))


_BY_CLASS = {"AppleSiliconChip": "apple_powermetrics", "Raspberry": "raspberry"}


def _usable(data: Any, name: str) -> float | None:
    value = getattr(data, name, None)
    if isinstance(value, int | float) and math.isfinite(value) and value >= 0:
        return float(value)
    return None


def _refuse(_record: logging.LogRecord) -> bool:
    return False


def _silence() -> None:
    """Keep CodeCarbon's own logger quiet. A filter outlives the logging setup that Prefect runs later, which
    would set `disabled` back; no other logger is touched."""
    refuse: Callable[[logging.LogRecord], bool] = _refuse
    logging.getLogger("codecarbon").addFilter(refuse)
