"""S11: the energy meter costs less than 1% of what it measures.

The same work runs with and without the meter, in turns. On a busy machine the wall clock says more of the
neighbours than of the meter, so CPU seconds of this process (all threads, the meter's too) stand beside it.

    python benchmarks/energy_meter.py
"""

import statistics
import time
from contextlib import nullcontext

import numpy as np
from assay.platform.metering import EnergyMeter
from record import interleave, write

REPEATS = 7
PRODUCTS = 200
SIZE = 600


def main() -> None:
    meter = EnergyMeter()
    began = time.perf_counter()
    meter.start()
    returned = time.perf_counter() - began
    with meter.measure("warm-up"):
        ready = time.perf_counter() - began

    matrix = np.random.default_rng(0).random((SIZE, SIZE))

    def work(metered: bool) -> None:
        with meter.measure("work") if metered else nullcontext():
            for _ in range(PRODUCTS):
                matrix @ matrix

    def empty() -> None:
        with meter.measure("nothing"):
            pass

    wall = interleave({"without": lambda: work(False), "with": lambda: work(True)}, repeats=REPEATS)
    cpu = {metered: [] for metered in (False, True)}
    for _ in range(REPEATS):
        for metered, seconds in cpu.items():
            start = time.process_time()
            work(metered)
            seconds.append(time.process_time() - start)
    plain, metered = (statistics.median(cpu[key]) for key in (False, True))
    block = interleave({"block": empty}, repeats=50)["block"]
    write(
        "energy_meter",
        [
            _compared("matrix products, wall seconds", wall["without"], wall["with"]),
            _compared("matrix products, CPU seconds of this process", plain, metered),
            {"what": "an empty block, seconds", "with_s": block},
            {"what": "start() returns, seconds", "with_s": returned},
            {"what": "hardware looked at in the background, seconds", "with_s": ready},
        ],
        seed=0,
    )


def _compared(what: str, without: float, metered: float) -> dict[str, float | str]:
    return {
        "what": what,
        "without_s": without,
        "with_s": metered,
        "overhead_percent": 100 * (metered / without - 1),
    }


if __name__ == "__main__":
    main()
