"""A training process that dies of SIGKILL, again and again, arrives where one that was left alone does."""

import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("killed_run.py")

#: Steps that each process does before it is killed: ten make an epoch, so most die inside one.
MOMENTS = (1, 3, 7, 4, 9)


def test_a_run_killed_inside_epochs_ends_with_bitwise_the_same_weights(tmp_path):
    command = [sys.executable, str(PROGRAM), str(tmp_path), *map(str, MOMENTS)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert found.returncode == 0, found.stderr
    *checkpoints, killed, whole = found.stdout.split()
    assert all(int(count) >= 1 for count in checkpoints)
    assert len(whole) == 64
    assert killed == whole
