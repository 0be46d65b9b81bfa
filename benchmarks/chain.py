"""S8 and S9: what the chain costs beside its stages, and what it costs to run it again.

The packaged Adult example in a fresh home: wall time of the command, the time inside its stages, and the same
command once more with nothing changed. S9: wall − stages ≤ 25% of the stages. S8: the second run ≤ 5 s.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from record import write

ASSAY = Path(sys.executable).parent / "assay"
REPEATS = 3


def main() -> None:
    """The first run and two reruns, in fresh homes; medians."""
    first, inside, again = [], [], []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as home:
            wall, answer = run(home)
            first.append(wall)
            inside.append(sum(stage["seconds"] for stage in answer["stages"] if not stage["cached"]))
            wall, answer = run(home)
            assert all(stage["cached"] for stage in answer["stages"])
            again.append(wall)
    rows = [
        {"what": "first run, wall seconds", "value": statistics.median(first)},
        {"what": "first run, seconds inside stages", "value": statistics.median(inside)},
        {
            "what": "orchestration, share of the stages",
            "value": statistics.median(
                (wall - stages) / stages for wall, stages in zip(first, inside, strict=True)
            ),
        },
        {"what": "unchanged rerun, wall seconds", "value": statistics.median(again)},
    ]
    write("chain", rows, seed=0)


def run(home: str) -> tuple[float, dict]:
    """Seconds of one `assay run`, and what it answered."""
    environment = {key: value for key, value in os.environ.items() if key != "PREFECT_API_URL"}
    start = time.perf_counter()
    done = subprocess.run(
        [ASSAY, "run", "--home", home, "--json"], check=True, stdout=subprocess.PIPE, env=environment
    )
    return time.perf_counter() - start, json.loads(done.stdout)


if __name__ == "__main__":
    main()
