"""One energy meter for all stages of a run on this machine."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from .bounds import Machine, Usage, energy_range
from .reading import Reading
from .tracker import Parts, Tracker, close_slice, describe, open_codecarbon

PATIENCE = 30.0
HEARTBEAT = 60.0


@dataclass(eq=False, slots=True)
class _Stretch:
    """A `measure` block that is open: what it has used so far."""

    name: str
    began: float = field(default_factory=time.perf_counter)
    cpu_began: float = field(default_factory=lambda: sum(os.times()[:4]))
    parts: Parts = field(default_factory=lambda: Parts(0.0, 0.0, 0.0))
    flags: list[str] = field(default_factory=list)


class EnergyMeter:
    """Measures energy by cutting time into slices at every beginning and end of a `measure` block.

    Each slice is one CodeCarbon task and is credited to every block open during it, so that blocks may
    nest and run side by side (both then count the machine, and a flag says so). Between blocks nothing
    runs. Looking at the hardware takes CodeCarbon seconds: `start` does it in the background, the first
    `measure` waits for it. Nothing that goes wrong in here ends a run: the reading is flagged instead.

    Args:
        force_cpu_power: power of the processor with all threads busy, in watts, where you know better.
        force_ram_power: power of the memory in watts, where you know better.
        open_tracker: makes the tracker from the two numbers above.
        heartbeat: seconds between slices inside a long block. Counters of the processor wrap (RAPL: after
            262 kJ, about 40 minutes at 100 W), so they must be read far more often than that.
        patience: seconds that the first `measure` waits for the hardware to be looked at.
    """

    def __init__(
        self,
        *,
        force_cpu_power: float | None = None,
        force_ram_power: float | None = None,
        open_tracker: Callable[[float | None, float | None], Tracker] = open_codecarbon,
        heartbeat: float = HEARTBEAT,
        patience: float = PATIENCE,
    ):
        self._force_cpu_power, self._force_ram_power = force_cpu_power, force_ram_power
        self._open_tracker, self._heartbeat, self._patience = open_tracker, heartbeat, patience
        self._lock = threading.Lock()
        self._ready, self._closed = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._tracker: Tracker | None = None
        self._machine, self._has_gpu = Machine(), False
        self._failure = "the meter did not become ready in time"
        self._open: list[_Stretch] = []
        self._slice: str | None = None
        self._slices = 0

    def start(self) -> None:
        """Begin to look at the hardware, in the background; returns at once. A second call does nothing."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="energy-meter", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the background thread, which reads long blocks now and then; `measure` goes on working."""
        self._closed.set()

    @contextmanager
    def measure(self, name: str) -> Iterator[Reading]:
        """Measure the energy of a `with` block; the reading is filled in when it ends, raised or not."""
        self.start()
        self._ready.wait(self._patience)
        stretch, reading = _Stretch(name), Reading()
        self._cut(opening=stretch)
        try:
            yield reading
        finally:
            self._cut(closing=stretch)
            self._fill(reading, stretch)

    def _run(self) -> None:
        """Background thread: open the tracker, then cut a slice now and then while blocks are open."""
        try:
            tracker = self._open_tracker(self._force_cpu_power, self._force_ram_power)
            self._machine, self._has_gpu = describe(
                tracker, force_cpu_power=self._force_cpu_power, force_ram_power=self._force_ram_power
            )
            self._tracker = tracker
        except Exception as error:  # whatever CodeCarbon does, the run goes on
            self._failure = _why(error)
        finally:
            self._ready.set()
        while self._tracker is not None and not self._closed.wait(self._heartbeat):
            self._cut()

    def _cut(self, *, opening: _Stretch | None = None, closing: _Stretch | None = None) -> None:
        """End the running slice and credit it, open or close a block, begin the next slice."""
        with self._lock:
            self._end_slice()
            if closing is not None:
                self._open.remove(closing)
            if opening is not None:
                self._open.append(opening)
            if len(self._open) > 1:
                for stretch in self._open:
                    _flag(
                        stretch, "overlap: other work was measured at the same time, both count the machine"
                    )
            if self._open:
                self._begin_slice()

    def _begin_slice(self) -> None:
        if self._tracker is None:
            self._credit(Parts(), self._failure)
            return
        self._slices += 1
        name = f"slice {self._slices}"
        try:
            self._tracker.start_task(name)
            self._slice = name
        except Exception as error:
            self._credit(Parts(), _why(error))

    def _end_slice(self) -> None:
        if self._slice is None or self._tracker is None:
            return
        name, self._slice = self._slice, None
        try:
            self._credit(close_slice(self._tracker, name))
        except Exception as error:
            self._credit(Parts(), _why(error))

    def _credit(self, parts: Parts, failure: str = "CodeCarbon gave no usable number") -> None:
        """Add a slice to every open block, and say there when part of it was not read."""
        for stretch in self._open:
            stretch.parts += parts
            if parts.unread:
                _flag(stretch, f"unread: {', '.join(parts.unread)}: {failure}")

    def _fill(self, reading: Reading, stretch: _Stretch) -> None:
        """Turn a closed block into its reading."""
        parts, machine = stretch.parts.without_zeros(has_gpu=self._has_gpu), self._machine
        for part in sorted(set(parts.unread) - set(stretch.parts.unread)):
            _flag(stretch, f"zero: {part}: a machine that runs can't use no energy, so this was not read")
        reading.seconds = time.perf_counter() - stretch.began
        reading.cpu_seconds = sum(os.times()[:4]) - stretch.cpu_began
        reading.cpu_kwh, reading.ram_kwh, reading.gpu_kwh = parts.cpu, parts.ram, parts.gpu
        reading.flags = tuple(stretch.flags)
        reading.estimated = not machine.counted
        if parts.cpu is None or parts.ram is None or parts.gpu is None:
            return
        reading.kwh = parts.cpu + parts.ram + parts.gpu
        reading.method = machine.method
        usage = Usage(seconds=reading.seconds, cpu_seconds=reading.cpu_seconds, resident_gb=_resident_gb())
        reading.low, reading.high = energy_range(
            machine, usage, cpu_kwh=parts.cpu, ram_kwh=parts.ram, gpu_kwh=parts.gpu
        )


def _flag(stretch: _Stretch, flag: str) -> None:
    if flag not in stretch.flags:
        stretch.flags.append(flag)


def _why(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _resident_gb() -> float:
    """Memory that this process holds, in GB; 0 where it can't be told, which only lowers the lower bound."""
    with suppress(Exception):
        import psutil

        return psutil.Process().memory_info().rss / 2**30
    return 0.0
