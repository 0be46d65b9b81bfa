"""Two workers that share batches in parts learn what one process learns from them whole."""

import subprocess
import sys
from pathlib import Path

import safetensors.torch
import torch

PROGRAM = Path(__file__).with_name("two_accumulating.py")


def test_two_workers_step_average_and_slow_down_as_one_does(tmp_path):
    done = subprocess.run([sys.executable, PROGRAM, tmp_path], capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    alone, first, second = (
        safetensors.torch.load_file(tmp_path / f"{who}.safetensors") for who in ("alone", "rank0", "rank1")
    )
    validation = alone["losses"][:, 1]
    assert float((validation[-1] - validation[-2]).abs()) < float((validation[1] - validation[0]).abs()) / 5
    for name, expected in alone.items():
        torch.testing.assert_close(first[name], expected, rtol=1e-4, atol=1e-5)
        assert torch.equal(first[name], second[name])
