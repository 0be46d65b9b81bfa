"""`assay audit --predictions`: wall time and memory from ten thousand to ten million predictions.

The file has a truth, a decision, a score and three sensitive columns (2, 5 and 10 groups). The whole command
is measured in a process of its own: reading, every metric by group and intersection, report, registration.
Target: ten million rows in under 30 s and 2 GB.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from record import write

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
CHUNK = 1 << 20
SEED = 0
RACES = (0.70, 0.15, 0.10, 0.03, 0.02)


def make(path: Path, rows: int) -> None:
    """Write a parquet file of calibrated predictions."""
    rng = np.random.default_rng(SEED)
    writer = None
    for start in range(0, rows, CHUNK):
        n = min(CHUNK, rows - start)
        score = rng.beta(1.2, 2.5, n)
        groups = {
            "sex": (rng.integers(0, 2, n), ["female", "male"]),
            "race": (rng.choice(len(RACES), n, p=RACES), list("abcde")),
            "region": (rng.integers(0, 10, n), [f"region {i}" for i in range(10)]),
        }
        columns = {
            "income": pa.array((rng.random(n) < score).astype(int)),
            "decision": pa.array((score > 0.5).astype(int)),
            "score": pa.array(score),
        }
        for name, (codes, names) in groups.items():
            columns[name] = pa.DictionaryArray.from_arrays(codes.astype("int8"), names).cast(pa.string())
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def measured(path: Path, home: Path) -> dict[str, float]:
    """Wall seconds, processor seconds and peak resident memory of one audit in a child process."""
    command = [sys.executable, "-c", "from assay.flows.cli import main; main()", "audit"]
    command += ["--predictions", str(path), "--target", "income", "--prediction", "decision"]
    command += ["--score", "score", "--sensitive", "sex", "--sensitive", "race", "--sensitive", "region"]
    began = time.perf_counter()
    child = subprocess.Popen(
        [*command, "--home", str(home)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=home
    )
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, child.returncode
    return {
        "wall_s": seconds,
        "processor_s": usage.ru_utime + usage.ru_stime,
        "peak_gb": usage.ru_maxrss * 1024 / 1e9,
    }


def main() -> None:
    """Measure every size, the smallest first."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="audit-stream-") as folder:
        for size in SIZES:
            path = Path(folder) / f"predictions-{size}.parquet"
            make(path, size)
            found = measured(path, Path(folder))
            rows.append({"rows": size, **found, "load": os.getloadavg()[0]})
            path.unlink()
    write("audit_stream", rows, seed=SEED)


if __name__ == "__main__":
    main()
