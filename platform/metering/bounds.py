"""How far an estimated reading may be off: from this process alone to the whole machine flat out.

Where the processor has an energy counter its part is what the counter says. Everywhere else CodeCarbon
multiplies seconds by a power that it looks up or guesses, and two questions stay open: whose energy is
meant (the machine's, or this process's share of it), and how many watts the parts really draw. The range
answers both:

    low   processor: CPU seconds of this process × the lowest plausible watts a thread
          memory:    this process's resident share of the installed memory × the lower of two published powers
    high  processor: all threads busy for the whole time × the highest plausible watts a thread
          memory:    the higher of the two published powers, for the whole machine

Neither end holds disks, fans, the power supply's loss or the building's cooling.

Watts a thread: rated power / threads where CodeCarbon knows the processor. Where it doesn't it assumes 4 W,
and we take 1.9 to 10, the span of current server parts by their maker's data sheets: AMD EPYC 9654 (360 W,
192 threads) and EPYC 9175F (320 W, 32), https://www.amd.com/en/products/specifications/server-processor.html.
Watts of memory: CodeCarbon's 5 W a module, https://docs.codecarbon.io/latest/explanation/methodology/#ram,
and 0.3725 W a GB, Lannelongue et al., "Green Algorithms" (2021), https://doi.org/10.1002/advs.202100707.
"""

from dataclasses import dataclass

JOULES_PER_KWH = 3.6e6
ASSUMED_WATTS_PER_THREAD = 4.0
UNKNOWN_WATTS_PER_THREAD = (1.9, 10.0)
MEMORY_WATTS_PER_GB = 0.3725

COUNTERS = {
    "intel_rapl": "rapl",
    "windows_emi": "windows_emi",
    "intel_power_gadget": "power_gadget",
    "apple_powermetrics": "powermetrics",
    "raspberry": "pmic",
}
"""CodeCarbon's modes that read an energy or power counter of the processor, and what we call them."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What CodeCarbon found out about the machine."""

    mode: str = "unknown"
    """CodeCarbon's name for how it reads the processor."""

    cpu_watts: float | None = None
    """Power of the processor with all threads busy, in watts, as CodeCarbon assumes it."""

    cpu_forced: bool = False
    """Whether a person declared `cpu_watts`."""

    ram_watts: float | None = None
    """Power of the memory in watts where a person declared it."""

    threads: int = 1
    memory_gb: float = 0.0

    @property
    def counted(self) -> bool:
        """Whether the processor's energy comes from a counter."""
        return self.mode in COUNTERS

    @property
    def method(self) -> str:
        """The mode as readings and reports name it."""
        return COUNTERS.get(self.mode, self.mode)

    @property
    def watts_per_thread(self) -> tuple[float, float]:
        """Lowest and highest plausible power of one busy thread, in watts."""
        known = self.cpu_watts is not None and self.cpu_watts != ASSUMED_WATTS_PER_THREAD * self.threads
        if self.cpu_watts is not None and (known or self.cpu_forced):
            rated = self.cpu_watts / self.threads
            return rated, rated
        return UNKNOWN_WATTS_PER_THREAD


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What this process did in a stretch of work."""

    seconds: float
    """Wall-clock seconds."""

    cpu_seconds: float
    """User and system seconds over all threads, children that ended included."""

    resident_gb: float
    """Memory held at the end, in GB."""


def energy_range(
    machine: Machine, usage: Usage, *, cpu_kwh: float, ram_kwh: float, gpu_kwh: float
) -> tuple[float, float]:
    """Lowest and highest energy that the reading can stand for, in kWh; the reading lies between them."""
    cpu = (cpu_kwh, cpu_kwh) if machine.counted else _cpu_range(machine, usage, cpu_kwh)
    ram = _ram_range(machine, usage, ram_kwh)
    return cpu[0] + ram[0] + gpu_kwh, cpu[1] + ram[1] + gpu_kwh


def _cpu_range(machine: Machine, usage: Usage, kwh: float) -> tuple[float, float]:
    least, most = machine.watts_per_thread
    process = usage.cpu_seconds * least / JOULES_PER_KWH
    flat_out = usage.seconds * machine.threads * most / JOULES_PER_KWH
    return min(kwh, process), max(kwh, flat_out)


def _ram_range(machine: Machine, usage: Usage, kwh: float) -> tuple[float, float]:
    by_size = usage.seconds * machine.memory_gb * MEMORY_WATTS_PER_GB / JOULES_PER_KWH
    powers = (kwh,) if machine.ram_watts is not None else (kwh, by_size)
    share = min(1.0, usage.resident_gb / machine.memory_gb) if machine.memory_gb > 0 else 0.0
    return share * min(powers), max(powers)
