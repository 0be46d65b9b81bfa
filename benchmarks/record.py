"""How a benchmark is timed and written down.

    from record import interleave, write

    seconds = interleave({"ours": f, "peer": g}, repeats=5)
    write("NAME", [{"what": "...", "ours_s": seconds["ours"], "peer_s": seconds["peer"]}], seed=0)

`python benchmarks/NAME.py` prints a table and writes `benchmarks/results/NAME.json`: rows, seed, versions,
kind of machine.
"""

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["interleave", "machine", "versions", "write"]

RESULTS = Path(__file__).parent / "results"
LIBRARIES = (
    "assay",
    "captum",
    "codecarbon",
    "datasets",
    "fairlearn",
    "mlxtend",
    "numpy",
    "opacus",
    "prefect",
    "pyarrow",
    "ray",
    "scikit-learn",
    "scipy",
    "shap",
    "torch",
)


def interleave(functions: Mapping[str, Callable[[], object]], *, repeats: int = 5) -> dict[str, float]:
    """Median seconds of each function, run in turns so that a slow minute of the machine hits all of them.

    Every function runs once unmeasured before, so that imports and caches are paid.
    """
    for function in functions.values():
        function()
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def machine() -> dict[str, Any]:
    """Kind of machine, without its name: processor, cores that this process may use, memory, accelerator."""
    model = ""
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": model or platform.machine(),
        "cores": cores,
        "memory_gib": round(memory),
        "system": platform.system(),
    }


def versions() -> dict[str, str]:
    """Versions of Python and of the installed libraries that benchmarks measure."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def write(name: str, rows: Sequence[Mapping[str, Any]], *, seed: int | None = None) -> Path:
    """Print `rows` as a table and write them with versions, seed and machine to `results/NAME.json`."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = [columns, *([_shown(row.get(column, "")) for column in columns] for row in rows)]
    widths = [max(len(line[i]) for line in table) for i in range(len(columns))]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    record = {"name": name, "rows": list(rows), "seed": seed, "versions": versions(), "machine": machine()}
    path.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    return path


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
